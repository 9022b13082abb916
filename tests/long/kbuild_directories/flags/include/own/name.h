/* SPDX-License-Identifier: GPL-2.0 */
void name(int limit);
