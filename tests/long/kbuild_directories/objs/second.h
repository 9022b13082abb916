/* SPDX-License-Identifier: GPL-2.0 */
void second(const char *text);
