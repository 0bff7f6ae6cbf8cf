"""`python -m helpers script.py`: run a script, and draw what its event loops did. See `script.py`."""

from helpers.script import main

if __name__ == "__main__":
    main()
