// SPDX-License-Identifier: GPL-2.0
#error "no kernel has this option"
