cmd_@WORK@/kmod_probe.o := ld -m elf_x86_64 -z noexecstack --no-warn-rwx-segments   -r -o @WORK@/kmod_probe.o @@WORK@/kmod_probe.mod 
