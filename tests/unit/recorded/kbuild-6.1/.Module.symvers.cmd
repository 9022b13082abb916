cmd_@WORK@/Module.symvers :=  sed 's/ko$$/o/'  @WORK@/modules.order | scripts/mod/modpost -m      -o @WORK@/Module.symvers -e -i Module.symvers -T - 
