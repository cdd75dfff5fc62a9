"""`henvend train`, `classify`, `mask` ...: the classifier from a shell, with the services on or off."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.inquiry import Channel
from services.classifier import learning_commands, measuring_commands
from services.classifier.learning_commands import champion_folder
from services.classifier.settings import ClassifierSettings
from services.classifier.shell import bar, console, in_sentences

BATCH = 256
MODEL_FOLDER = "model"
EVALUATION = Path(__file__).parent / "evaluation"

Data = Annotated[Path | None, typer.Option(help="Folder of .jsonl examples; default: the sample.")]
TaxonomyFile = Annotated[Path | None, typer.Option(help="Taxonomy file; default: the sample.")]
ModelFolder = Annotated[
    Path | None, typer.Option("--model", help="Model folder; default: the data folder's.")
]
In = Annotated[Path, typer.Option("--jsonl", help="One JSON object a line; - reads the pipe.")]
Out = Annotated[Path | None, typer.Option(help="Where to write; default: standard output.")]


def mount(app: typer.Typer) -> None:
    """Adds the classifier's commands to the `henvend` command."""
    app.command("train")(train)
    app.command("classify")(classify)
    app.command("mask")(mask)
    # A group that acts by itself, for the chatbot adds `evaluate chat` to it.
    measure = typer.Typer(invoke_without_command=True)
    measure.callback()(evaluate)
    app.add_typer(measure, name="evaluate")
    measuring_commands.mount(app)
    learning_commands.mount(app)


def train(
    data: Data = None,
    taxonomy: TaxonomyFile = None,
    out: Annotated[Path | None, typer.Option(help="Where the model goes.")] = None,
) -> None:
    """Train the model from labelled examples; from category names alone when there are none."""
    settings = ClassifierSettings.load()
    with in_sentences():
        if out is None:
            learning_commands.require_no_champion(settings)
        digest = train_into(
            out or settings.data / MODEL_FOLDER,
            settings,
            data=data,
            taxonomy=taxonomy,
        )
    print(digest)  # noqa: T201 - the command's result


def train_default(settings: ClassifierSettings) -> None:
    """What the one-command run does when there is no model yet."""
    with in_sentences():
        train_into(settings.data / MODEL_FOLDER, settings)


def train_into(
    folder: Path,
    settings: ClassifierSettings,
    *,
    data: Path | None = None,
    taxonomy: Path | None = None,
) -> str:
    """Trains and stores; returns the model's digest. Shows a progress bar on a terminal."""
    from services.classifier import storage  # noqa: PLC0415
    from services.classifier import train as training  # noqa: PLC0415
    from services.classifier.sources import sources_of  # noqa: PLC0415

    sources = sources_of(settings.municipality, data, taxonomy)
    with bar("Training the classifier", training.STEPS) as advance:
        trained = training.train(
            sources.examples,
            sources.taxonomy,
            calibration=sources.calibration,
            outside_embedding=outside_embedding(settings),
            step=advance,
        )
        digest = storage.save(folder, trained.model, trained.embedding, trained.about)
    where = f"Model {digest[:12]} in {folder}."
    if not sources.examples:
        # What its three names say of a category is no measure of anything else.
        console.print(f"Trained on names and descriptions of categories alone. {where}")
        return digest
    accuracy = trained.about["metrics"]["department_accuracy"]
    console.print(
        f"Trained on {len(sources.examples)} examples; right department for {accuracy:.0%} of "
        f"held-out examples. {where}"
    )
    return digest


class Line(BaseModel):
    """One inquiry of `henvend classify` and `henvend mask`."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str = ""
    channel: Channel | str = "form"
    subject: str | None = None
    text: str


def classify(jsonl: In = Path("-"), out: Out = None, model: ModelFolder = None) -> None:
    """Classify inquiries {id, channel, subject?, text}, one JSON object a line."""
    from services.classifier.classify import Inquiry  # noqa: PLC0415
    from services.classifier.classify import classify as read  # noqa: PLC0415
    from services.classifier.storage import load  # noqa: PLC0415

    with in_sentences(), _opened(jsonl, out) as (lines, sink):
        loaded = load(model or champion_folder(ClassifierSettings.load()))
        for batch in _batches(lines):
            inquiries = [Inquiry(text=line.text, title=line.subject or None) for line in batch]
            for line, reading in zip(batch, read(inquiries, loaded), strict=True):
                _write(sink, _answer(line, reading, loaded))


def mask(jsonl: In = Path("-"), out: Out = None) -> None:
    """Take personal data out of texts {id, text}, one JSON object a line."""
    from infra.text.mask import mask as take_out  # noqa: PLC0415

    with in_sentences(), _opened(jsonl, out) as (lines, sink):
        for batch in _batches(lines):
            for line in batch:
                masked = take_out(line.text)
                spans = [{"start": s.start, "end": s.end, "kind": s.kind} for s in masked.spans]
                _write(sink, {"id": line.id, "text": masked.text, "spans": spans})


def evaluate(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="Folder of evaluation .jsonl files.")] = None,
    model: ModelFolder = None,
    report: Annotated[Path, typer.Option(help="Where the HTML report goes.")] = Path(
        "evaluation.html"
    ),
) -> None:
    """Measure the model on inquiries it has never seen; writes a report with charts."""
    if context.invoked_subcommand is not None:
        return
    from services.classifier import evaluate as measuring  # noqa: PLC0415
    from services.classifier.report import to_html, verdict_on  # noqa: PLC0415
    from services.classifier.storage import load  # noqa: PLC0415

    with in_sentences():
        loaded = load(model or champion_folder(ClassifierSettings.load()))
        cases = measuring.read_cases(data or EVALUATION)
        result = measuring.evaluate(cases, loaded)
        report.write_text(to_html(result, loaded.name, loaded.digest), "utf-8")
        measuring_commands.remember(result, loaded.digest, data or EVALUATION)
    for name, value in result.figures.items():
        print(f"{name:28} {value:7.1%}  {verdict_on(name, value)}")  # noqa: T201
    console.print(f"Report: {report}")


def _answer(line: Line, reading: Any, model: Any) -> dict[str, Any]:
    department = model.kinds[reading.category].department if reading.category else None
    return {
        "id": line.id,
        "language": reading.language,
        "verdict": reading.verdict,
        "category": reading.category,
        "department": department,
        "confidence": reading.confidence,
        "alternatives": [
            {"category": one.category, "confidence": one.confidence} for one in reading.alternatives
        ],
        "urgent": reading.urgent,
        "sensitive": reading.sensitive,
        "parts": [
            {"start": part.start, "end": part.end, "category": part.category}
            for part in reading.parts
        ],
        "evidence": reading.evidence.model_dump(mode="json"),
    }


def outside_embedding(settings: ClassifierSettings) -> Any:
    if settings.embedding_model is None:
        return None
    from services.classifier.adapters.sentence_transformer import load_embedder  # noqa: PLC0415
    from services.classifier.train import Embedding  # noqa: PLC0415

    name, prefix = settings.embedding_model, settings.embedding_prefix
    return Embedding(name, prefix, load_embedder(name, prefix))


@contextmanager
def _opened(source: Path, target: Path | None) -> Iterator[tuple[TextIO, TextIO]]:
    lines = sys.stdin if str(source) == "-" else source.open(encoding="utf-8")
    sink = target.open("w", encoding="utf-8") if target else sys.stdout
    try:
        yield lines, sink
        sink.flush()
    finally:
        if lines is not sys.stdin:
            lines.close()
        if sink is not sys.stdout:
            sink.close()


def _batches(lines: TextIO) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for number, text in enumerate(lines, 1):
        if text.strip():
            batch.append(_line(text, number))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _line(text: str, number: int) -> Line:
    try:
        return Line.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise ValueError(f"Line {number}: {field}: {first['msg']}.") from None


def _write(sink: TextIO, answer: dict[str, Any]) -> None:
    sink.write(json.dumps(answer, ensure_ascii=False) + "\n")
