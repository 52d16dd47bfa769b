# SPDX-License-Identifier: Apache-2.0
"""Its presence puts tests/rtl on sys.path, so that every bench can `import support`."""
