/*
 * Local binary patterns, uniform and invariant under rotation (Ojala, Pietikainen and Maenpaa 2002), of the eight
 * neighbours on the square grid: which of them are not darker than the pixel.
 */
#include <string.h>

#include "image/descriptor_parts.h"

/* 0 .. 8: so many neighbours are, in one run; 9: in several runs */
static int
pattern(const PpdlSquare *sq, int x, int y)
{
	static const int around[8][2] = {{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}};
	int			middle = sq->level[y * sq->side + x];
	int			bit[8];
	int			ones = 0,
				changes = 0;

	for (int i = 0; i < 8; i++)
	{
		bit[i] = sq->level[(y + around[i][1]) * sq->side + x + around[i][0]] >= middle;
		ones += bit[i];
	}
	for (int i = 0; i < 8; i++)
		changes += bit[i] != bit[(i + 1) % 8];
	return changes <= 2 ? ones : 9;
}

void
ppdl_binary_patterns(double *out, const PpdlSquare *sq)
{
	int			count[PPDL_BINARY_PATTERNS] = {0};
	int			n = (sq->side - 2) * (sq->side - 2);

	for (int y = 1; y < sq->side - 1; y++)
		for (int x = 1; x < sq->side - 1; x++)
			count[pattern(sq, x, y)]++;
	for (int i = 0; i < PPDL_BINARY_PATTERNS; i++)
		out[i] = (double) count[i] / n;
}
