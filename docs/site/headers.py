"""What Doxygen reads: the public headers, with what can be derived filled in.

Public is what a program writes that uses the library: the names of the headers below in the namespaces below.
Everything else (kernels, what compiles and runs a network, helpers) is described in the headers themselves and in
docs/design.md. check.py insists that each name which README.md, docs/ or an example writes after xs:: is public.

Derived, so that it is written once:
- A type or a function whose name is that of its header has the header's comment.
- Members that a contract asks for (an operation, a loss, a unit, a data set, a metric, a rule) mean the same in each
  type: their comment is the contract's, unless they have one of their own.
- Comparison, copies and moves that are defaulted or deleted."""
import pathlib
import re

NAMESPACES = {"xstitch", "data", "models", "onnx", "python", "report", "refused", "fusions"}

# Folder: the headers with public names. "*" is all of them, "-name" all but this one.
PUBLIC = {
    "core": "algorithm_note attribute batch boxes error fixed_string initializer isa labels matrix_view number_text "
            "optimizer parameter pixel_scaling precision random ratio shape sort_stably tensor threads version views",
    "data": "augment data_set fashion_mnist folder folder_task image in_memory jpeg_image letterbox loader "
            "loader_options mat_file multi_fashion nyuv2 nyuv2_classes nyuv2_file nyuv2_options picture_fit png_image "
            "regions resize selective_search sliding_windows table table_columns table_csv table_r table_scaling "
            "table_set voc voc_options",
    "io": "caffe_file event_file file folder folder_lock json npy npz npz_write safetensors safetensors_file "
          "safetensors_format verify weight_order",
    "layers": "* -fenced_block -forms -gradient_checker -invoke -norm_parameters -padding -run_layer -run_operation "
              "-run_parameters -traits",
    "losses": "* -border_search -codebook_decode -loss_support -softmax_loss -spherical_k_means "
              "-spherical_triangulation -triangle_search",
    "metrics": "* -confusion_counts -metric_support -scored_labels",
    "models": "* -numbered",
    "mpi": "*",
    "networks": "* -split_items",
    "onnx": "export graph load operation value weights_file",
    "python": "network",
    "": "python",
    "report": "bootstrap class_gains colours detection_tables draw html_table metric_tables paired_difference picture "
              "pictures plot ranks report student_t table training_curves",
    "rooms": "classes detection draw rooms things",
    "run": "any_net caffe_parameters check_network describe describe_ranks loss_balance parameter_file parameter_names "
           "predictor predictor_core ranks reduction_options step_options step_result training",
    "train": "adam average_state balance/* -balance/adam_step detect_objects distributed evaluate evaluate_detection "
             "evaluation interrupt job region_scores schedule sgd train_options train_result trainer weight_average",
    "weave": "graph program refused seams structures/* tower units/* -units/stitch_call",
}

# What a member is whose contract is in layers/operation.hpp.
OPERATION = {
    "name": "The name of the layer, with which those of its parameters begin.",
    "kind": "What it is called in tables, messages and files.",
    "attributes": "Its settings as values, for tables, signatures and export.",
    "output_shape": "Extents of the output from those of the input; not valid where the input does not suit.",
    "outputs": "Shapes of the outputs from those of the inputs; not valid where these do not suit.",
    "parameters": "Name, extents, initial values and group of each parameter.",
    "initialize": "Initial values of a parameter with an initializer of its own.",
    "reads_input": "Whether backward reads the input.",
    "reads_output": "Whether backward reads the output.",
    "shape_inputs": "How many inputs, the last ones, are asked for their shape alone.",
    "joint_channels": "Channels whose sums over a batch may be those of several slices (JointSums).",
    "in_place": "Whether the output may share the memory of the input, and their gradients too.",
    "gradient_in_place": "Whether the input's gradient may share the memory of the output's.",
    "saved": "Bytes that are kept from forward to backward.",
    "keeps_in_gradient": "Whether what backward needs is kept where the input's gradient will be.",
    "workspace": "Bytes of scratch memory during a call.",
    "multiply_adds": "Products of a forward pass of one row.",
    "streams_gradients": "Whether gradients of parameters are emitted in chunks while they are computed.",
    "updates_buffers": "Whether forward writes new values of running statistics.",
    "packed": "Bytes of the weights in the order in which forward reads them.",
    "pack": "Writes the weights in the order in which forward reads them.",
    "algorithms": "Which algorithms its passes take, and why.",
    "fusion": "What a producer of the input may do for it while writing.",
    "fuses": "Whether it can apply this fusion while it writes its output.",
    "Knows": "Which options it has.",
    "of": "Whether it has this option.",
    "shape": "Its sizes, as the kernels take them.",
    "has_bias": "Whether a bias is added: not with NoBias.",
    "epsilon": "What is added to the variance before the square root.",
    "forward_fused": "Forward with a reader's operation applied to the output.",
    "requirement": "What an input must satisfy, for the message of the compiler.",
    "unknown_option": "An option that it was given and does not have, or empty.",
    "forward": "The outputs of a batch, from its inputs.",
    "backward": "Gradients of inputs and parameters, from those of the outputs.",
}
# What else a loss has (losses/loss.hpp), a unit, a structure (weave/structures.hpp).
LOSS = OPERATION | {
    "label": "The label that a data set must deliver for logits of these extents.",
    "normaliser": "What the sum of a batch is divided by, from its labels.",
    "forward": "The sum of the loss over the valid elements of a batch.",
    "backward": "The gradient of that sum, times call.loss_scale.",
    "Prediction": "The layer that turns logits into a prediction.",
    "metric": "The metric of a head with this loss, or null.",
    "unit_vectors": "Whether averages of predictions are scaled to unit length.",
    "weight": "Its factor in the loss of the whole network.",
}
STRUCTURE = OPERATION | {
    "build": "Appends its operations to the chain of a tower.",
    "name": "The name that it was given.",
    "leaves": "The types of its operations, in order.",
    "items": "Its items, in order.",
    "is_tower": "Marks a tower.",
    "is_head": "Marks an end of a tower.",
}
DATA = {
    "size": "How many samples there are.",
    "inputs": "Names, extents and kinds of the inputs of a sample.",
    "labels": "Names and specifications of the labels of a sample.",
    "load": "Reads sample `index` into memory that the caller has allocated for it.",
    "draw": "Draws the sample of this index: the same one for the same key.",
    "Options": "The type of its settings.",
    "options": "Its settings.",
    "class_names": "Names of the classes, in the order of their indices.",
    "attribute_names": "Names of the attributes, in the order of their indices.",
    "image": "The picture of this index: red, green, blue.",
    "depths": "Depth in metres, row by row, holes filled.",
    "path": "The file, as it was opened.",
    "Entry": "What the file says of one of its arrays.",
    "entries": "All arrays of the file, by their names.",
    "count": "How many elements: the product of the extents.",
    "read": "Reads an array; an Error where the file has another type or size.",
    "find": "The entry of this name, or null.",
    "check": "An Error where a setting is outside its range.",
    "describe": "A sample in words, for messages.",
}
METRIC = {
    "reset": "Forgets everything that was added.",
    "add": "Adds a batch of predictions and labels.",
    "values": "What it measures of everything that was added, by names.",
}
OPTIMIZER = {  # core/optimizer.hpp
    "state_count": "How many arrays of state each parameter has.",
    "multipliers": "Of the learning rate and the weight decay, for parameters of this group.",
    "update": "Updates one piece of a parameter, and its state.",
    "check_settings": "Refuses settings outside their range.",
    "describe": "Name and settings in one line.",
}
BALANCE = {  # run/loss_balance.hpp
    "name": "The rule's name, as checkpoints and reports have it.",
    "needs": "What it is told of a step: losses alone, gradients of heads, or their products.",
    "arrays": "What it learns, as it is at the start.",
    "weigh": "Writes the weights of the heads for this step.",
    "update": "Learns from a step that was done.",
    "check": "Refuses settings outside their range.",
    "describe": "Name and settings in one line.",
}
# By folder, or by header.
CONTRACTS = {"layers": OPERATION, "losses": LOSS, "weave": STRUCTURE, "data": DATA, "io": DATA, "rooms": DATA,
             "metrics": METRIC, "train": OPTIMIZER, "train/balance": BALANCE, "train/job.hpp": {},
             "layers/operation.hpp": {}, "layers/gradient_sink.hpp": {}, "layers/gradient_report.hpp": {},
             "losses/codebook.hpp": {}, "weave/graph.hpp": {}, "weave/program.hpp": {}, "data/folder_task.hpp": {},
             "data/nyuv2_file.hpp": {}, "data/augment.hpp": {}}


def contract_of(path):
    return CONTRACTS.get(path, CONTRACTS.get(path.rpartition("/")[0], CONTRACTS.get(path.split("/")[0], {})))


def public_headers(root):
    """Paths from include/xstitch, in order."""
    found = []
    for folder, wanted in PUBLIC.items():
        here = {h.relative_to(root / folder).with_suffix("").as_posix() for h in (root / folder).rglob("*.hpp")}
        chosen = set()
        if not folder:
            here = {h for h in here if "/" not in h}
        for word in wanted.split():
            left_out, pattern = word.startswith("-"), word.lstrip("-")
            matching = {h for h in here if h == pattern or (pattern == "*" and "/" not in h) or
                        (pattern.endswith("/*") and h.rpartition("/")[0] == pattern[:-2])}
            if not matching:
                raise SystemExit(f"docs/site/headers.py: include/xstitch/{folder} has no {pattern}")
            chosen = chosen - matching if left_out else chosen | matching
        found += [f"{folder}/{name}.hpp".lstrip("/") for name in sorted(chosen)]
    return found


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


DECLARED = re.compile(
    r"^(\s*)(?:template\s*<.*>\s*)?(?:\[\[.*?\]\]\s*)?(?:requires.*\s)?"
    r"(?:struct|class|concept|enum class|using)\s+(\w+)")
MEMBER = re.compile(r"^(?:  |    )(?:struct )?(?:\[\[.*?\]\] )?"
                    r"(?:(?:static|constexpr|inline|virtual|using|const|friend) ?)*"
                    r"(?:[\w:<>,&*\. ]+[ &*>])?(~?\w+|operator==)(?:<[^=;(]*>)?\s*(?:\(|=|;|\{)")


# Two or more fields in a line: each gets the comment.
SEVERAL = re.compile(r"^( *)((?:inline |static |constexpr |const |mutable )*[\w:]+(?:<[^;()]*>)?[*&]?) "
                     r"(\w+(?: = [^,;(){}]+|\{[^;,]*\})?(?:, \w+(?: = [^,;(){}]+|\{[^;,]*\})?)+);(?:\s+///< (.*))?$")
NO_FIELD = ("return", "using", "template", "typename", "goto", "///")


def split_fields(found, above, contract):
    indent, kind, fields, after = found[1], found[2], found[3], found[4]
    split = []
    for field in fields.split(", "):
        comment = after or above or contract.get(re.match(r"\w+", field)[0])
        split.append((f"/** {comment} */ " if comment else "") + f"{kind} {field};")
    return indent + " ".join(split)


def refusal(lines, number):
    """The words of the compiler for a type that exists to be refused."""
    if not re.match(r"struct \w+ \{$", lines[number]) or "static_assert(" not in lines[number + 1]:
        return None
    words = ""
    for line in lines[number + 1 : number + 9]:
        words += "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', line))
        if line.endswith(");"):
            break
    words = words.removeprefix("xstitch: ").replace('\\"', '"').replace("<", "\\<").replace(">", "\\>")
    return "Compile error: " + words + "." if words else None


def shown_lines(lines, bases):
    """Numbers of the lines of types that are hidden, but bases of public ones: their members are members of these."""
    shown = set()
    for number, line in enumerate(lines):
        found = re.match(r"(?:struct|class) (\w+)(?: : .*)? \{$", line)
        if not found or found[1] not in bases:
            continue
        first, last = number, number
        while re.match(r"template|requires|///", lines[first - 1]):
            first -= 1
        while lines[last] != "};":
            last += 1
        shown.update(range(first, last + 1))
    return shown


def prepare(path, text, bases=frozenset()):
    """The header as Doxygen reads it; lines keep their numbers."""
    text = re.sub(r"^XSTITCH_INLINE\b", "inline", text, flags=re.M)
    lines = re.sub(r"(?<!define )\bXSTITCH_INLINE ", "", text).split("\n")
    shown = shown_lines(lines, bases)
    contract, in_type, in_nested = contract_of(path), False, False
    stem = path.rpartition("/")[2][:-4]
    hidden, opened_at, given, out = [], 0, False, []
    for number, line in enumerate(lines):
        start = number  # of the declaration: above it may be template and requires lines
        while start > 0 and re.match(r"\s*(template\s*<|requires\b|\[\[[^\]]*\]\]$)", lines[start - 1]):
            start -= 1
        before = lines[start - 1].strip() if start > 0 else ""
        documented = before.startswith("///") or "///<" in line
        if line in ("inline namespace XSTITCH_ISA {", "}  // namespace XSTITCH_ISA"):
            out.append("")
            continue
        line = line.replace("xstitch::inline XSTITCH_ISA", "xstitch")
        opened = None if hidden else re.match(r"(?:inline )?namespace ([\w:]+) \{", line)
        if opened and opened[1].split("::")[-1] not in NAMESPACES:
            hidden.append(opened[1])
            opened_at = number
            out.append(line)
            continue
        short = line == "}" and not any(before_it.endswith("{") for before_it in lines[opened_at + 1 : number])
        if hidden and (short or line.startswith("}  // namespace " + hidden[-1])):
            hidden.pop()
            out.append(line)
            continue
        if hidden and number not in shown:
            out.append("")
            continue
        several = SEVERAL.match(line)
        if several and not line.lstrip().startswith(NO_FIELD):
            above, at = [], number
            while at > 0 and lines[at - 1].lstrip().startswith("///"):
                at -= 1
                above.insert(0, lines[at].strip()[3:].strip())
            out.append(split_fields(several, " ".join(above), contract))
            continue
        if re.match(r"(?:template <.*> )?(?:struct|class) \w+.*\{$", line):
            in_type = True
        elif line.startswith("}") or re.match(r"\S.*\) (?:const )?\{$", line):
            in_type = False
        if re.match(r"  (?:template <.*> )?struct \w+.*\{$", line):
            in_nested = True
        elif line == "  };":
            in_nested = False
        comment = None
        declared = DECLARED.match(line)
        message = refusal(lines, number)
        if documented or line.lstrip().startswith("//"):
            pass
        elif declared and not declared[1] and snake(declared[2]) == stem and not given and \
                not line.rstrip().endswith(";" if "using" not in line else "\0"):
            given = True
            comment = f"\\copydoc {path}"
        elif message:
            comment = message
        elif line.startswith("  static constexpr bool ok = true;"):
            comment = "True: the message has been given, and a second one would repeat it."
        elif "operator==" in line and "= default" in line:
            comment = "Whether all members are equal."
        elif re.match(r"  (\w+)\(const \1&.*= (default|delete);", line):
            comment = "Can be copied." if "default" in line else "Cannot be copied."
        elif re.match(r"  (\w+)\(\1&&.*= (default|delete);", line) or re.match(r"  (\w+)\(\1&&.*\) noexcept", line):
            comment = "Can be moved." if "delete" not in line else "Cannot be moved."
        elif re.match(r"  (\w+)& operator=\(const \1&.*= (default|delete);", line):
            comment = "Can be assigned." if "default" in line else "Cannot be assigned."
        elif re.match(r"  (\w+)& operator=\(\1&&", line):
            comment = "Can be assigned by a move." if "delete" not in line else "Cannot be assigned."
        elif re.match(r"  (virtual )?~\w+\(\).*", line):
            comment = "Releases what it holds."
        elif re.match(r"  (constexpr )?(\w+)\(\)( noexcept)? = default;", line):
            comment = "With the default of each member."
        else:
            member = MEMBER.match(line)
            inner = line.startswith("    ") and not in_nested
            if member and in_type and not inner and member[1] in contract:
                comment = contract[member[1]]
        if comment:
            # On the first line of the declaration, so that no line moves.
            out[start:start + 1] = [f"/** {comment} */ " + out[start]] if start < number else []
            if start == number:
                out.append(f"/** {comment} */ " + line)
                continue
        out.append(line)
    return "\n".join(out)


def write_prepared(root, folder):
    """Writes all public headers to the folder; the list of them."""
    headers = public_headers(root)
    texts = {name: (root / name).read_text() for name in headers}
    base = re.compile(r"^(?:struct|class) [\w<>, .]+\s: (?:public )?(\w+)::(\w+)", re.M)
    bases = {found[2] for text in texts.values() for found in base.finditer(text) if found[1] not in NAMESPACES}
    for name in headers:
        target = pathlib.Path(folder) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(prepare(name, texts[name], bases))
    return headers
