"""How well heat maps meet the boxes that radiologists drew."""
