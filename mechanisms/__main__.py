"""`python -m mechanisms` is the command `mechanisms`."""

from mechanisms.cli import main

if __name__ == "__main__":
    main()
