"""`python -m aggregator`, and the entry point of the program: loading takes a moment, and Ctrl-C may come in it."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from aggregator.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
