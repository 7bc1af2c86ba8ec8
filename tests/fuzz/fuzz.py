"""Coverage-guided fuzzing of one target: `python tests/fuzz/fuzz.py TARGET CORPUS [libFuzzer's own flags]`.

The corpus folder is filled with the target's seeds; a finding is written beside it as libFuzzer does, and ends the
process. `-max_total_time=30` bounds it.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hub"]):
    from servers.fuzzing import Target, targets

    TARGETS = targets()  # drivers are imported as they are found


def prepare(target: Target, corpus: Path) -> list[str]:
    """Write the seeds, and the words as libFuzzer's dictionary; return the flags that name it: it must not be empty."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = corpus.parent / f"{corpus.name}.words"
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in target.words)
    words.write_text("\n".join([*lines, ""]))
    return [f"-dict={words}"] if target.words else []


def main() -> None:
    """Run until the time is over, or something is found."""
    name, corpus, *flags = sys.argv[1:]
    target = TARGETS[name]
    arguments = [sys.argv[0], corpus, *prepare(target, Path(corpus)), "-max_len=4096", "-print_final_stats=1", *flags]
    atheris.Setup(arguments, target.take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
