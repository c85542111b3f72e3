"""Clarabel, an interior-point solver, fed directly: no modelling layer between the returns and its matrices.

minimise Σd²/T   over  w, d >= 0   with   R w + d >= 0,  Σw = 1,  0 <= w <= cap
"""

from __future__ import annotations

import clarabel
import numpy as np
from scipy import sparse

from bench.timing import Answer, Solve
from bench.windows import Shape, Window

_QDLDL_UP_TO = 200
"""Assets up to which Clarabel's built-in factorisation was the quicker of its two; beyond, its own choice is."""


def minimum(shape: Shape) -> Solve:
    """Minimum downside variance; the sparsity pattern is built once, each window only fills in its returns."""
    T, N = shape.T, shape.N
    P = sparse.block_diag([sparse.csc_matrix((N, N)), sparse.eye(T) * (2.0 / T)], format="csc")
    # zeros must be stored: the returns are written over the ones of the block
    A = _rows(np.ones((T, N)), N)
    block = np.flatnonzero((A.indices >= 1) & (A.indices <= T) & (_columns(A) < N))
    b = np.concatenate([[1.0], np.zeros(2 * T + N), np.full(N, shape.cap)])
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(2 * T + 2 * N)]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.direct_solve_method = "qdldl" if N <= _QDLDL_UP_TO else "auto"
    q = np.zeros(N + T)

    def solve(window: Window) -> Answer:
        A.data[block] = (-window.returns / window.returns.std()).T.ravel()
        solution = clarabel.DefaultSolver(P, q, A, b, cones, settings).solve()
        return Answer(np.array(solution.x[:N]), str(solution.status))

    return solve


def _rows(R: np.ndarray, N: int) -> sparse.csc_matrix:
    """Left-hand sides of: budget; R w + d >= 0; d >= 0; w >= 0; w <= cap."""
    T = len(R)
    eye_T, eye_N = sparse.eye(T), sparse.eye(N)
    return sparse.bmat(
        [[np.ones((1, N)), None], [-R, -eye_T], [None, -eye_T], [-eye_N, None], [eye_N, None]], format="csc"
    )


def _columns(A: sparse.csc_matrix) -> np.ndarray:
    return np.repeat(np.arange(A.shape[1]), np.diff(A.indptr))
