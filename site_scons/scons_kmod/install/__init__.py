# SPDX-License-Identifier: MIT
"""Install modules below lib/modules/RELEASE, and remove them again.

Imports mainline and below. Start with install.py. finish.py strips, signs and compresses each module, atomic_install.py
installs all files or none, and record.py remembers them for `scons uninstall`.
"""
