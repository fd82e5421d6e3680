"""From probabilities to calls: operating points, the decision rule, and the metrics at a threshold."""
