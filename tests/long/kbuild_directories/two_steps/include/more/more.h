/* SPDX-License-Identifier: GPL-2.0 */
int found(void);
