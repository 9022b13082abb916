savedcmd_@WORK@/kmod_probe.o := x86_64-linux-gnu-ld -m elf_x86_64 -z noexecstack --no-warn-rwx-segments   -r -o @WORK@/kmod_probe.o @@WORK@/kmod_probe.mod  ; ./tools/objtool/objtool --hacks=jump_label --hacks=noinstr --hacks=skylake --ibt --orc --retpoline --rethunk --sls --static-call --uaccess --prefix=16  --link  --module @WORK@/kmod_probe.o

@WORK@/kmod_probe.o: $(wildcard ./tools/objtool/objtool)
