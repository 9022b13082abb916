savedcmd_@WORK@/Module.symvers :=  scripts/mod/modpost -M -m       -o @WORK@/Module.symvers -T @WORK@/modules.order -i Module.symvers -e 
