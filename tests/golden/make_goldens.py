#!/usr/bin/env python3
"""Makes tiny random checkpoints of every supported family and the logits that Hugging Face
transformers computes from them. Run it only to regenerate them; tests read the committed files.

usage: python3 -m venv VENV && VENV/bin/pip install 'torch==2.6.0' 'transformers==4.57.1' 'numpy<2' safetensors
       VENV/bin/python tests/golden/make_goldens.py [OUTPUT_FOLDER]

Each folder gets config.json and model.safetensors as transformers saves them (bfloat16) and
golden.safetensors: tokens, logits of every position, per MoE layer the chosen experts (ascending)
and their weights. The computation is in float32 on the CPU with eager attention.
"""
import json
import math
import pathlib
import sys

import safetensors.torch
import torch
import transformers

COMMON = dict(vocab_size=64, hidden_size=32, num_hidden_layers=3, num_attention_heads=2,
              max_position_embeddings=128, rms_norm_eps=1e-6, tie_word_embeddings=False)
DEEPSEEK = dict(COMMON, num_key_value_heads=2, first_k_dense_replace=1, intermediate_size=40,
                moe_intermediate_size=16, n_routed_experts=16, num_experts_per_tok=4,
                kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=8, v_head_dim=12)
FAMILIES = {
    "deepseek_v3": (transformers.DeepseekV3Config, dict(
        DEEPSEEK, q_lora_rank=24, n_group=4, topk_group=2, n_shared_experts=1,
        norm_topk_prob=True, routed_scaling_factor=2.5,
        rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=16,
                          beta_fast=32, beta_slow=1, mscale=1.0, mscale_all_dim=1.0))),
    # transformers leaves mscale_all_dim out of the softmax scale of V2, the published code of the
    # model does not; without the key both agree.
    "deepseek_v2": (transformers.DeepseekV2Config, dict(
        DEEPSEEK, q_lora_rank=None, n_group=1, topk_group=1, n_shared_experts=2,
        topk_method="greedy", norm_topk_prob=False, routed_scaling_factor=1.0,
        rope_scaling=dict(type="yarn", factor=8.0, original_max_position_embeddings=16,
                          beta_fast=32, beta_slow=1))),
    "qwen3_moe": (transformers.Qwen3MoeConfig, dict(
        COMMON, num_attention_heads=4, num_key_value_heads=2, head_dim=12, intermediate_size=40,
        moe_intermediate_size=16, num_experts=16, num_experts_per_tok=4, norm_topk_prob=True,
        rope_theta=1e6)),
    "olmoe": (transformers.OlmoeConfig, dict(
        COMMON, num_attention_heads=4, num_key_value_heads=4, intermediate_size=16,
        num_experts=16, num_experts_per_tok=4, norm_topk_prob=False, clip_qkv=1.5)),
}


def randomise(model, generator):
    with torch.no_grad():
        for name, tensor in list(model.named_parameters()) + list(model.named_buffers()):
            if "inv_freq" in name:
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            if "e_score_correction_bias" in name:
                value = 0.05 * noise
            elif tensor.dim() == 1:
                value = 1 + 0.1 * noise
            else:
                value = noise * (1 if "embed" in name else 1.5 / math.sqrt(tensor.shape[-1]))
            tensor.copy_(value.to(torch.bfloat16).float())


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "data")
    for number, (family, (config_class, options)) in enumerate(FAMILIES.items()):
        torch.manual_seed(number)
        generator = torch.Generator().manual_seed(100 + number)
        config = config_class(**options)
        config._attn_implementation = "eager"
        model = transformers.AutoModelForCausalLM.from_config(config).float().eval()
        randomise(model, generator)
        chosen = {}

        def keep(layer):
            def hook(module, inputs, output):
                if isinstance(output, tuple):
                    experts, weights = output
                else:  # a linear router: the block takes softmax and top-k of these logits
                    scores = torch.softmax(output.float(), dim=-1)
                    weights, experts = torch.topk(scores, config.num_experts_per_tok, dim=-1)
                    if config.norm_topk_prob:
                        weights = weights / weights.sum(dim=-1, keepdim=True)
                order = experts.argsort(dim=-1)
                chosen[f"experts.{layer}"] = experts.gather(-1, order).to(torch.int32)
                chosen[f"weights.{layer}"] = weights.gather(-1, order).float()
            return hook

        for index, layer in enumerate(model.model.layers):
            if hasattr(layer.mlp, "gate"):
                layer.mlp.gate.register_forward_hook(keep(index))
        tokens = torch.randint(0, config.vocab_size, (1, 24), generator=generator)
        with torch.no_grad():
            logits = model(tokens, use_cache=False).logits[0]
        folder = out / family
        folder.mkdir(parents=True, exist_ok=True)
        model.to(torch.bfloat16).save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        safetensors.torch.save_file(
            {"tokens": tokens[0].to(torch.int32), "logits": logits.contiguous(),
             **{name: value.contiguous() for name, value in chosen.items()}},
            folder / "golden.safetensors",
            metadata={"torch": torch.__version__, "transformers": transformers.__version__,
                      "python": sys.version.split()[0]})
        print(family, sum(p.numel() for p in model.parameters()), "parameters",
              json.dumps(sorted(chosen)))


main()
