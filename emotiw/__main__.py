"""``python -m emotiw``."""

from emotiw.cli.app import main

if __name__ == "__main__":
    main()
