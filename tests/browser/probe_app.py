"""app.py, and after each run of it the names of all imported modules in the file $PROBE."""

import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # Streamlit puts this script's folder there
try:
    runpy.run_path(str(ROOT / "app.py"))
finally:
    Path(os.environ["PROBE"]).write_text("\n".join(sorted(sys.modules)))
