# SPDX-License-Identifier: MIT
"""The test VM: QEMU boots the target's kernel, and the guest loads modules and runs their tests.

Imports install and below. Start with runner.py, which runs tests and collects results. boot.py runs and watches QEMU,
guest/init is the guest's init, lost_vm.py tells a panic or a hang from a failed test, and complaints.py says what is
wrong with a test that has ended. `scons test` reaches all this through plan.py and pytest_plugin.py.
"""
