from nginxgen.cli import main

main()
