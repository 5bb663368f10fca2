"""Lists the scalars, pictures, texts and hyperparameters of a run's folder with TensorBoard's own reader.

    python3 scripts/list_events.py RUN

Exits with 1 if one of them is missing or invalid. Needs only the package `tensorboard`.
"""

import struct
import sys
import traceback

PNG = b"\x89PNG\r\n\x1a\n"


def tags_by_plugin(accumulator):
    """The tags of each plugin."""
    tags = {}
    for tag, metadata in accumulator.summary_metadata.items():
        tags.setdefault(metadata.plugin_data.plugin_name, []).append(tag)
    return tags


def check(passed, problem):
    if not passed:
        raise ValueError(problem)


def check_order(tag, events):
    steps = [event.step for event in events]
    check(steps == sorted(set(steps)), f"{tag} has steps twice or out of order: {steps}")


def strings(accumulator, tag):
    """Steps and string arrays of a tag."""
    from tensorboard.util import tensor_util

    events = accumulator.Tensors(tag)
    check_order(tag, events)
    return [(event.step, tensor_util.make_ndarray(event.tensor_proto)) for event in events]


def list_scalars(accumulator, tags):
    scalars = accumulator.Tags()["scalars"]
    for tag in scalars:
        events = accumulator.Scalars(tag)
        check_order(tag, events)
        print(f"  {tag}: {len(events)} values, the last {events[-1].value:.5g} at step {events[-1].step}")
    check("train/loss" in scalars, f"train/loss is missing among {scalars}")
    check("validation/loss" in scalars, f"validation/loss is missing among {scalars}")
    return len(scalars)


def list_pictures(accumulator, tags):
    for tag in tags.get("images", []):
        for step, array in strings(accumulator, tag):
            check(array.ndim == 1 and len(array) >= 3, f"{tag} has the shape {array.shape}")
            width, height, *pictures = array.tolist()
            for picture in pictures:
                check(picture.startswith(PNG), f"{tag} has a picture that is no PNG file: {picture[:8]!r}")
            size = struct.unpack(">II", pictures[0][16:24])
            check((int(width), int(height)) == size, f"{tag} is {width}x{height}, but its first file {size}")
            print(f"  {tag}: {len(pictures)} pictures of {size[0]}x{size[1]} at step {step}")
        print(f"    {accumulator.SummaryMetadata(tag).summary_description}")
    return len(tags.get("images", []))


def list_texts(accumulator, tags):
    for tag in tags.get("text", []):
        for step, array in strings(accumulator, tag):
            texts = [text.decode("utf-8") for text in array.reshape(-1).tolist()]
            print(f"  {tag}: shape {array.shape} at step {step}, starts with {texts[0][:60]!r}")
    check("spec" in tags.get("text", []), f"the spec is missing among {tags.get('text')}")
    return len(tags.get("text", []))


def list_hyperparameters(accumulator, tags):
    from tensorboard.plugins.hparams import metadata

    contents = accumulator.PluginTagToContent(metadata.PLUGIN_NAME)
    start = metadata.parse_session_start_info_plugin_data(contents[metadata.SESSION_START_INFO_TAG])
    for name in sorted(start.hparams):
        value = start.hparams[name]
        kind = value.WhichOneof("kind")
        check(kind in ("number_value", "string_value", "bool_value"), f"{name} has the kind {kind}")
        print(f"  {name}: {getattr(value, kind)!r}")
    check("train.steps" in start.hparams, "train.steps is missing")
    print(f"  started at {start.start_time_secs}")
    if metadata.SESSION_END_INFO_TAG in contents:
        end = metadata.parse_session_end_info_plugin_data(contents[metadata.SESSION_END_INFO_TAG])
        check(end.end_time_secs > start.start_time_secs, "the run ends before it starts")
        print(f"  ended at {end.end_time_secs} with status {end.status}")
    else:
        print("  not ended")
    return len(start.hparams)


def list_experiment(folder):
    """What the plugin for hyperparameters shows: the columns that it derives from the runs, and the row of each run."""
    import os

    from tensorboard import context
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

    multiplexer = plugin_event_multiplexer.EventMultiplexer().AddRun(folder, os.path.basename(folder.rstrip("/")))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, folder)
    hparams = backend_context.Context(base_plugin.TBContext(data_provider=provider, logdir=folder))
    request, no_experiment = context.RequestContext(), ""
    found = hparams.hparams_metadata(request, no_experiment)
    try:
        from_provider = hparams.hparams_from_data_provider(request, no_experiment, limit=None)
        experiment = hparams.experiment_from_metadata(request, no_experiment, True, found, from_provider)
    except (AttributeError, TypeError):
        # Older versions take fewer arguments.
        experiment = hparams.experiment_from_metadata(request, no_experiment, found)
    names = sorted(info.name.tag for info in experiment.metric_infos)
    print(f"  {len(experiment.hparam_infos)} columns of hyperparameters; metrics: {', '.join(names)}")
    check("validation/loss" in names, "validation/loss is no metric")
    groups = list_session_groups.Handler(
        request,
        hparams,
        no_experiment,
        api_pb2.ListSessionGroupsRequest(
            allowed_statuses=[0, 1, 2, 3],
            start_index=0,
            slice_size=10,
            aggregation_type=api_pb2.AGGREGATION_AVG,
            col_params=[],
        ),
    ).run()
    for group in groups.session_groups:
        for session in group.sessions:
            print(f"  row {session.name!r}: {len(group.hparams)} fields, {len(session.metric_values)} metrics")
    check(len(groups.session_groups) > 0, "there is no row")
    return len(groups.session_groups)


def main(folder):
    import tensorboard
    from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator

    print(f"TensorBoard {tensorboard.__version__}")
    everything = event_accumulator.STORE_EVERYTHING_SIZE_GUIDANCE
    accumulator = event_accumulator.EventAccumulator(folder, size_guidance=everything).Reload()
    tags = tags_by_plugin(accumulator)
    # The reader of TensorBoard's pages, which also migrates scalars to tensors.
    pages = plugin_event_accumulator.EventAccumulator(folder, tensor_size_guidance={}).Reload()
    print(f"Its pages: { {plugin: len(found) for plugin, found in tags_by_plugin(pages).items()} }")

    missing = []
    for name, listed in (
        ("Scalars", lambda: list_scalars(accumulator, tags)),
        ("Pictures", lambda: list_pictures(accumulator, tags)),
        ("Texts", lambda: list_texts(accumulator, tags)),
        ("Hyperparameters", lambda: list_hyperparameters(accumulator, tags)),
        ("Page of hyperparameters", lambda: list_experiment(folder)),
    ):
        print(f"{name}:")
        try:
            count = listed()
            check(count > 0, "there are none")
        except Exception:
            traceback.print_exc(file=sys.stdout)
            missing.append(name)
    print(f"Missing or invalid: {', '.join(missing)}" if missing else "All are there.")
    return 1 if missing else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
