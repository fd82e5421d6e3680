"""Intervals and tests for data in which each patient may have several radiographs."""
