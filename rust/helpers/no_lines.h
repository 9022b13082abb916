/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before all else in a C file of rust/: its code is made without line
 * numbers. A WARN_ON() of an inline function that a helper calls then reports
 * line 0 of its header; in return, a line that moves in a header changes no
 * module.
 */
#pragma GCC system_header
#undef __LINE__
#define __LINE__ 0
