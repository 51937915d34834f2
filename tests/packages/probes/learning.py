"""Probes for machine learning."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory


def torch() -> None:
    """Multiplies, differentiates, and compiles a graph."""
    import torch as th

    x = th.arange(6.0).reshape(2, 3).requires_grad_()
    (x @ x.T).sum().backward()
    assert x.grad is not None
    assert th.jit.script(th.nn.Linear(3, 2))(x.detach()).shape == (2, 2)
    assert not th.cuda.is_available()


def onnxruntime() -> None:
    """The provider for CPUs."""
    import onnxruntime as ort

    assert "CPUExecutionProvider" in ort.get_available_providers()
    assert ort.OrtValue.ortvalue_from_shape_and_type([2], "float").shape() == [2]


def tokenizers() -> None:
    """Learns and encodes."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(["a bb abab"], trainers.BpeTrainer(vocab_size=20, special_tokens=["?"]))
    assert tokenizer.encode("abab").ids


def safetensors() -> None:
    """There and back."""
    import numpy as np
    from safetensors.numpy import load, save

    assert load(save({"a": np.arange(3)}))["a"].tolist() == [0, 1, 2]


def sentencepiece() -> None:
    """Learns and encodes."""
    import sentencepiece as spm

    with TemporaryDirectory() as folder:
        text = Path(folder, "text")
        text.write_text("the cat sat on the mat\n" * 20)
        spm.SentencePieceTrainer.train(
            input=str(text), model_prefix=f"{folder}/m", vocab_size=20, hard_vocab_limit=False, minloglevel=2
        )
        assert (
            spm.SentencePieceProcessor(model_file=f"{folder}/m.model").decode(
                spm.SentencePieceProcessor(model_file=f"{folder}/m.model").encode("the cat")
            )
            == "the cat"
        )


def spacy() -> None:
    """A blank pipeline with a rule."""
    import spacy as sp

    english = sp.blank("en")
    english.add_pipe("sentencizer")
    assert [sentence.text for sentence in english("One cat. Two cats.").sents] == ["One cat.", "Two cats."]
