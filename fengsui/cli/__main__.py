from fengsui.cli import main

main(prog_name="fengsui")
