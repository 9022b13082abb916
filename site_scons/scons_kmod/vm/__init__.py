# SPDX-License-Identifier: MIT
"""The test VM: QEMU, the guest's init and its report, and pytest tests that load modules in the kernel.

Imports install and below. Start with runner.py; guest/init runs in the VM.
"""
