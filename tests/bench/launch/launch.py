#!/usr/bin/python3
"""Shows every bar of launching: a table a part, with what was to be reached and what is. run.sh builds what it needs."""
import argparse
import pathlib

import chains
import cost
import cpu
import durability
import efficiency
import growth
import idle
import machine
import rate
import readme
import recovery
import rounds
import start
from settings import Settings, keep_to_the_slots

PARTS = {"rate": rate, "growth": growth, "cpu": cpu, "chains": chains, "efficiency": efficiency, "idle": idle,
         "start": start, "durability": durability, "recovery": recovery, "cost": cost}


def chosen(text):
    names = text.split(",")
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"'{name}' is no part; known: {', '.join(PARTS)}")
    return names


def at_least_one(text):
    if int(text) < 1:
        raise ValueError
    return int(text)


def main():
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument("--only", type=chosen, default=list(PARTS), metavar="PART,…", help=", ".join(PARTS))
    parser.add_argument("--tasks", type=at_least_one, default=20_000, help="the other sizes go with it (default: 20,000)")
    parser.add_argument("--rounds", type=at_least_one, default=5)
    parser.add_argument("--place", default="/var/tmp", help="where working and state folders go (default: /var/tmp)")
    parser.add_argument("--write", action="store_true", help="into tests/bench/README.md; the plot beside this script")
    given = parser.parse_args()
    settings = Settings(given.tasks, given.rounds, str(pathlib.Path(given.place).resolve()))
    keep_to_the_slots()
    missed, commit = [], machine.commit()  # before anything is written
    for part in given.only:
        where = machine.words(settings, commit)
        report = PARTS[part].measure(settings)
        text = report.markdown(where)
        print(text, end="\n\n", flush=True)
        missed += [f"{part}: {bar.what}" for bar in report.bars if not bar.met]
        if given.write:
            readme.write(part, text)
            for name, content in report.files.items():
                pathlib.Path(__file__).with_name(name).write_text(content)
    rounds.say("All bars are met." if not missed else "Missed:\n  " + "\n  ".join(missed))


if __name__ == "__main__":
    main()
