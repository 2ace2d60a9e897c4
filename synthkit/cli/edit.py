"""`synthkit edit`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import app


@app.command()
def edit(
    scene: Annotated[
        Path, typer.Argument(help="A folder with label.png (instance.png, photo.png), or a saved scene.")
    ],
    script: Annotated[Path, typer.Option(help="A YAML or JSON file with a list of edits.")],
    out: Annotated[Path, typer.Option(help="The folder to write; it must be empty or absent.")],
    run: Annotated[
        str | None, typer.Option(help="A run folder or shipped model; by default a saved scene's own.")
    ] = None,
    gif: Annotated[bool, typer.Option("--gif", help="Write steps.gif, too.")] = False,
) -> None:
    """Do a list of edits to a scene, and draw it after each.

    A scene is a folder. One that Scene.save or the editor's download writes
    names its own model. A new one needs label.png and --run; without
    instance.png, connected areas of a label are instances, and photo.png is
    what styles are taken from. `synthkit data export` writes such maps of any
    data set.

    OUT gets an image of each step, strip.png with the label maps above them,
    and the edited scene.
    """
    from rich.console import Console

    from synthkit.cli.text import lines, printable
    from synthkit.data.writing import new_folder
    from synthkit.editing.files import load as load_scene
    from synthkit.editing.script import read_script
    from synthkit.editing.steps import play, write_animation, write_strip
    from synthkit.inference import load

    edits, console, steps = read_script(script), Console(highlight=False, soft_wrap=True), []
    new_folder(out)
    opened = load_scene(scene, load(run) if run else None)
    for step in play(opened, edits):
        step.image.save(out / step.file)
        console.print(printable(f"{step.file:<22} {step.seconds:6.2f} s  {step.text}"))
        steps.append(step.reduced())  # many whole ones would not fit into the memory
    write_strip(steps, out / "strip.png")
    if gif:
        write_animation([out / step.file for step in steps], out / "steps.gif")
    opened.save(out / "scene")
    console.print(lines([f"strip: {out / 'strip.png'}", f"scene: {out / 'scene'}"]))
