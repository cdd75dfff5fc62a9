"""`henvend data check`, `henvend model-card`, `henvend bench public`: what the data and models are worth."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from services.classifier.learning_commands import champion_folder
from services.classifier.settings import ClassifierSettings
from services.classifier.shell import bar, in_sentences

HERE = Path(__file__).parent
EVALUATION = HERE / "evaluation"
DEVELOPMENT = HERE / "development"
CARD_INQUIRIES = 200

data_app = typer.Typer(help="Labelled examples.", no_args_is_help=True)
bench_app = typer.Typer(help="Measurements that take minutes.", no_args_is_help=True)


@data_app.callback()
def data_commands() -> None:
    """Labelled examples."""


@bench_app.callback()
def bench_commands() -> None:
    """Measurements that take minutes."""


def mount(app: typer.Typer) -> None:
    app.add_typer(data_app, name="data")
    app.add_typer(bench_app, name="bench")
    app.command("model-card")(model_card)


@data_app.command("check")
def data_check(
    data: Annotated[
        Path | None, typer.Option(help="Folder of .jsonl examples; default: the sample.")
    ] = None,
    taxonomy: Annotated[
        Path | None, typer.Option(help="Taxonomy file; default: the sample.")
    ] = None,
    evaluation: Annotated[Path, typer.Option(help="Evaluation set, for leakage.")] = EVALUATION,
    development: Annotated[Path, typer.Option(help="Development set, for leakage.")] = DEVELOPMENT,
    least: Annotated[
        str,
        typer.Option(
            help="Fewest written examples a category should have per language; a third of each length."
        ),
    ] = "da=80,en=35,sv=25",
) -> None:
    """Look for wrong labels, languages, duplicates and leakage; counts per category and language."""
    from services.classifier import check_data  # noqa: PLC0415
    from services.classifier.sources import sources_of  # noqa: PLC0415

    with in_sentences():
        sources = sources_of(ClassifierSettings.load().municipality, data, taxonomy)
        sets = check_data.Sets(sources.examples, _cases(development), _cases(evaluation))
        minima = _minima(least)
        with bar("Checking the data", check_data.steps(sets)) as step:
            findings = check_data.check(sets, sources.written, sources.taxonomy, minima, step)
    _print_overview(sets, sources.written)
    for finding in findings:
        print(f"{finding.kind}: {finding.where}")  # noqa: T201
    kinds = Counter(finding.kind for finding in findings)
    found = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    print(f"{len(sets.training)} rows that teach; {found or 'nothing found'}")  # noqa: T201
    if kinds.keys() & check_data.BROKEN:
        raise typer.Exit(1)


def _print_overview(sets: Any, written: Any) -> None:
    from services.classifier.check_data import counts, lengths  # noqa: PLC0415
    from services.classifier.frames import LEAST_COMMON, OPENING, frames_of  # noqa: PLC0415

    for name, languages in counts(written).items():
        spread = "  ".join(f"{language} {count}" for language, count in sorted(languages.items()))
        print(f"{name:28} {sum(languages.values()):5}  {spread}")  # noqa: T201
    helping = len(sets.training) - len(written)
    print(f"{len(written)} written examples; {helping} rows of terms and article questions")  # noqa: T201
    print(f"{len(sets.development)} development, {len(sets.evaluation)} evaluation inquiries")  # noqa: T201
    shares = ", ".join(f"{name} {share:.0%}" for name, share in lengths(written).items())
    print(f"lengths: {shares}")  # noqa: T201
    frames = frames_of(written)
    print(  # noqa: T201
        f"frames (sentences equal in {LEAST_COMMON} or more common words, gaps elsewhere): "
        f"{frames.sharing} examples ({frames.sharing / max(1, frames.rows):.1%}) share one, the commonest has "
        f"{frames.most}; the commonest {OPENING}-word opening begins {frames.openings:.2%}"
    )


def _cases(folder: Path) -> list[Any]:
    from services.classifier.evaluate import read_cases  # noqa: PLC0415

    if not folder.is_dir():
        return []
    # Its folders hold what is measured by itself and does not set thresholds.
    folders = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    return [case for one in folders for case in read_cases(one)]


def _minima(least: str) -> dict[Any, int]:
    pairs = [part.partition("=") for part in least.split(",") if part]
    if not all(name and count.isdigit() for name, _, count in pairs):
        raise ValueError("--least wants LANGUAGE=COUNT, as in da=80,en=35,sv=25.")
    return {name: int(count) for name, _, count in pairs}


def model_card(
    model: Annotated[
        Path | None, typer.Option("--model", help="Model folder; default: the data folder's.")
    ] = None,
) -> None:
    """Print the model card, generated from the training run."""
    from services.classifier import energy, measured  # noqa: PLC0415
    from services.classifier.card import to_markdown  # noqa: PLC0415
    from services.classifier.model_files import GATE  # noqa: PLC0415
    from services.classifier.storage import load, read_manifest  # noqa: PLC0415

    with in_sentences():
        settings = ClassifierSettings.load()
        folder = model or champion_folder(settings)
        loaded, manifest = load(folder), read_manifest(folder)
        watts = settings.classifier_core_watts
        _read_some(loaded, 5)
        cost = energy.measure(lambda: _read_some(loaded, CARD_INQUIRIES), watts)
        evaluated = measured.find(settings.data, loaded.digest)
        compared = (folder / GATE).is_file()
    print(  # noqa: T201
        to_markdown(manifest, loaded.digest, cost, watts, evaluated, compared=compared)
    )


def remember(result: Any, digest: str, evaluation: Path) -> None:
    """Keeps the figures of an evaluation for the model card."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from services.classifier import measured  # noqa: PLC0415
    from services.classifier.retrain import digest_of_cases  # noqa: PLC0415

    found = measured.Measured(
        model=digest,
        at=datetime.now(UTC),
        inquiries=result.rows,
        evaluation=digest_of_cases(evaluation),
        figures=result.figures,
    )
    measured.keep(ClassifierSettings.load().data, found)


def _read_some(model: Any, count: int) -> int:
    """One at a time, as the service reads them."""
    from services.classifier.classify import Inquiry, classify  # noqa: PLC0415

    chosen = model.known[:: max(1, len(model.known) // count)]
    for known in chosen:
        classify([Inquiry(known.text)], model)
    return len(chosen)


@bench_app.command("public")
def bench_public(
    data: Annotated[Path, typer.Option(help="Folder with massive/*.jsonl, clinc150/*.json.")],
    sets: Annotated[
        str, typer.Option(help="Which sets.")
    ] = "massive-da,massive-sv,massive-en,clinc150",
    shots: Annotated[str, typer.Option(help="Examples per intent.")] = "10,30,full",
    seeds: Annotated[int, typer.Option(min=1, help="Samples drawn per few-shot figure.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Where the figures go as JSON.")] = None,
) -> None:
    """Train by our recipe on public intent sets and measure; minutes per set."""
    from services.classifier import bench_public as bench  # noqa: PLC0415
    from services.classifier import bench_table as table  # noqa: PLC0415

    found = []
    with in_sentences():
        tasks = bench.tasks(sets, shots, seeds)
        for line in table.HEADING:
            print(line)  # noqa: T201
        with bar("Training on public sets", len(tasks)) as step:
            for figures in bench.run(data, tasks):
                found.append(figures)
                print(table.row(figures), flush=True)  # noqa: T201
                step()
                if out:
                    out.write_text(table.to_json(found), "utf-8")
    for line in table.NOTES:
        print(line)  # noqa: T201
