"""``python -m emotiw``."""

from emotiw.cli import main

if __name__ == "__main__":
    main()
