"""`python -m aggregator`, and the entry point of the program: loading takes a moment, and Ctrl-C may come in it."""

import gc
import sys

COLLECT_AFTER = 50_000
"""New objects after which garbage is looked for (Python: 700). Hardly any is made here that counting does not find, and
looking costs a twentieth of a round."""


def main() -> None:
    """Run the command line."""
    gc.set_threshold(COLLECT_AFTER)
    try:
        from aggregator.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
