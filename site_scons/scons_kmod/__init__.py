# SPDX-License-Identifier: MIT
"""The scons-kmod library: what to run to build kernel modules, as typed records. It never imports SCons."""
