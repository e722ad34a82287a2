"""How a model is built: active parameters, tensor mix, attention, rope, templates."""

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

from desktop.domain.language_model import AttentionKind, FactOrigin, ModelKind, RopeFacts
from desktop.gguf.facts import read_facts

WriteModel = Callable[..., Path]
Edit = Callable[[gguf.GGUFWriter], None]


def replace(key: str, value: int) -> Edit:
    def edit(writer: gguf.GGUFWriter) -> None:
        writer.kv_data[0].pop(key, None)
        writer.add_uint32(key, value)

    return edit


def test_of_experts_only_those_that_work_are_active(tmp_path: Path) -> None:
    path = tmp_path / "experts.gguf"
    writer = gguf.GGUFWriter(path, "qwen3moe")
    writer.add_expert_count(8)
    writer.add_expert_used_count(2)
    writer.add_tensor("token_embd.weight", np.ones((10, 32), dtype=np.float32))
    for part in ("gate", "up", "down"):
        writer.add_tensor(f"blk.0.ffn_{part}_exps.weight", np.ones((8, 4, 32), dtype=np.float16))
    writer.add_tensor("blk.0.ffn_gate_inp.weight", np.ones((8, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    facts = read_facts(path)
    always, experts = 10 * 32 + 8 * 32, 3 * 8 * 4 * 32
    assert facts.parameters == always + experts
    assert facts.active_parameters == always + experts * 2 // 8
    shares = [(s.type_name, s.tensors, s.parameters, s.size_bytes) for s in facts.tensor_shares]
    assert shares == [
        ("F32", 2, always, 4 * always),
        ("F16", 3, experts, 2 * experts),
    ] or shares == [
        ("F16", 3, experts, 2 * experts),
        ("F32", 2, always, 4 * always),
    ]
    assert [s.size_bytes for s in facts.tensor_shares] == sorted(
        (s.size_bytes for s in facts.tensor_shares), reverse=True
    )


def test_experts_in_tensors_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "mixtral.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_expert_count(4)
    writer.add_expert_used_count(1)
    for expert in range(4):
        writer.add_tensor(f"blk.0.ffn_up.{expert}.weight", np.ones((4, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    facts = read_facts(path)
    assert (facts.parameters, facts.active_parameters) == (4 * 128, 128)


def test_a_dense_model_works_as_a_whole(write_model: WriteModel) -> None:
    facts = read_facts(write_model())
    assert facts.active_parameters == facts.parameters
    quantised, plain = facts.tensor_shares
    assert (quantised.type_name, quantised.bits_per_weight) == ("Q8_0", 8.5)
    assert (plain.type_name, plain.bits_per_weight) == ("F32", 32)
    assert sum(share.size_bytes for share in facts.tensor_shares) == facts.weights_bytes


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (lambda _: None, AttentionKind.GROUPED_QUERY),
        (replace("llama.attention.head_count_kv", 1), AttentionKind.MULTI_QUERY),
        (replace("llama.attention.head_count_kv", 4), AttentionKind.MULTI_HEAD),
        (replace("llama.attention.kv_lora_rank", 512), AttentionKind.LATENT),
        (replace("llama.attention.head_count", 0), None),
    ],
)
def test_attention(write_model: WriteModel, edit: Edit, kind: AttentionKind | None) -> None:
    assert read_facts(write_model(edit=edit)).attention is kind


def test_layers_without_attention_do_not_count(write_model: WriteModel) -> None:
    def edit(writer: gguf.GGUFWriter) -> None:
        del writer.kv_data[0]["llama.attention.head_count_kv"]
        writer.add_array("llama.attention.head_count_kv", [0, 2, 0, 2])

    assert read_facts(write_model(edit=edit)).attention is AttentionKind.GROUPED_QUERY


def test_stretched_contexts(write_model: WriteModel) -> None:
    def edit(writer: gguf.GGUFWriter) -> None:
        writer.add_rope_freq_base(1_000_000.0)
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(4.0)
        writer.add_rope_scaling_orig_ctx_len(32_768)

    assert read_facts(write_model(edit=edit)).rope == RopeFacts(
        frequency_base=1_000_000.0, scaling="yarn", factor=4.0, original_context=32_768
    )
    assert read_facts(write_model()).rope is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_not_shown(write_model: WriteModel, value: float) -> None:
    facts = read_facts(write_model(edit=lambda writer: writer.add_rope_freq_base(value)))
    assert facts.rope is None


def test_llama_3_keeps_its_stretching_in_a_tensor(write_model: WriteModel) -> None:
    def edit(writer: gguf.GGUFWriter) -> None:
        writer.add_tensor("rope_freqs.weight", np.ones(32, dtype=np.float32))

    rope = read_facts(write_model(edit=edit)).rope
    assert rope is not None
    assert rope.scaling == "llama3"


def test_base_models_templates_and_family(write_model: WriteModel) -> None:
    def edit(writer: gguf.GGUFWriter) -> None:
        writer.add_string("general.basename", "helpful")
        writer.add_base_model_count(2)
        writer.add_base_model_name(0, "First")
        writer.add_base_model_organization(0, "Someone")
        writer.add_base_model_name(1, "Second")
        writer.add_chat_template([{"name": "tool_use", "template": "{{ tools }}"}])

    facts = read_facts(write_model(edit=edit))
    assert facts.base_models == ("Someone / First", "Second")
    assert facts.template_names == ("default", "tool_use")
    assert (facts.family, facts.family_origin) == ("helpful", FactOrigin.HEADER)
    assert (facts.thinks, facts.uses_tools, facts.shards) == (False, False, 1)


def test_nothing_is_said_of_a_template_that_is_not_there(write_model: WriteModel) -> None:
    facts = read_facts(write_model(chat_template=None))
    assert (facts.thinks, facts.uses_tools, facts.template_names) == (None, None, ())


def test_a_control_vector_is_an_adapter(write_model: WriteModel) -> None:
    assert read_facts(write_model(architecture="controlvector")).kind is ModelKind.ADAPTER
