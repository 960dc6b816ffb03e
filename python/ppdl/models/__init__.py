"""Models that predict on encrypted rows: networks of polynomials, made from scikit-learn or ONNX."""

from .activation import Activation
from .answer import Answer
from .layers import Conv2d, Dense, Pool
from .model import DEEP_LEVELS, ROW_LEVELS, Model
from .onnx_graph import from_onnx
from .report import ErrorReport, LayerError
from .scikit import from_sklearn

__all__ = [
    "Activation",
    "Answer",
    "Conv2d",
    "DEEP_LEVELS",
    "Dense",
    "ErrorReport",
    "LayerError",
    "Model",
    "Pool",
    "ROW_LEVELS",
    "from_onnx",
    "from_sklearn",
]
