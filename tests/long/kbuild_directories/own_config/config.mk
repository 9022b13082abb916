# SPDX-License-Identifier: GPL-2.0
CONFIG_OWN_A = y
CONFIG_OWN_B = n
