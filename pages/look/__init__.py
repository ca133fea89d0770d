"""What all pages share: who looks, the house behind, tokens, the bar, living rows, chart templates. No page."""
