// SPDX-License-Identifier: GPL-2.0
#error "this is turned off"
