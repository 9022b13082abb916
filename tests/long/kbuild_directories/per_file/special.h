/* SPDX-License-Identifier: GPL-2.0 */
void special(void);
