/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EARLY
#error "EARLY is not defined"
#endif
#define LEVEL 7
