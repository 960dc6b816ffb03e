#include "image/near_copies.h"

#include <math.h>
#include <stdlib.h>

#define NEAR 0.995

/* a thumbnail less its mean, of length 1; all 0 for a picture without contrast */
typedef struct Direction
{
	float		as_is[PPDL_THUMBNAIL_PIXELS],
				mirrored[PPDL_THUMBNAIL_PIXELS];
} Direction;

static void
take_direction(Direction *d, const PpdlThumbnail *t)
{
	int			sum = 0;
	double		length = 0;

	for (int i = 0; i < PPDL_THUMBNAIL_PIXELS; i++)
		sum += t->pixel[i];
	for (int i = 0; i < PPDL_THUMBNAIL_PIXELS; i++)
	{
		double		v = t->pixel[i] - (double) sum / PPDL_THUMBNAIL_PIXELS;

		length += v * v;
	}
	for (int i = 0; i < PPDL_THUMBNAIL_PIXELS; i++)
	{
		double		v = t->pixel[i] - (double) sum / PPDL_THUMBNAIL_PIXELS;
		int			row = i / PPDL_THUMBNAIL_SIDE * PPDL_THUMBNAIL_SIDE;

		d->as_is[i] = (float) (length > 0 ? v / sqrt(length) : 0);
		d->mirrored[row + PPDL_THUMBNAIL_SIDE - 1 - i % PPDL_THUMBNAIL_SIDE] = d->as_is[i];
	}
}

static float
product(const float *a, const float *b)
{
	float		sum[8] = {0};

	for (int i = 0; i < PPDL_THUMBNAIL_PIXELS; i += 8)
		for (int j = 0; j < 8; j++)
			sum[j] += a[i + j] * b[i + j];
	return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static int
is_near(const PpdlThumbnail *t, const Direction *d, int i, int j)
{
	if (product(d[i].as_is, d[j].as_is) >= NEAR || product(d[i].as_is, d[j].mirrored) >= NEAR)
		return 1;
	/* without contrast there is no direction: two such are the same */
	return product(d[i].as_is, d[i].as_is) == 0 && product(d[j].as_is, d[j].as_is) == 0 &&
		t[i].pixel[0] == t[j].pixel[0];
}

static int
root_of(int *parent, int i)
{
	while (parent[i] != i)
		i = parent[i] = parent[parent[i]];
	return i;
}

PpdlStatus
ppdl_near_copies(int *group, const PpdlThumbnail *thumbnail, int n, PpdlProgress progress, PpdlError *err)
{
	Direction  *d = malloc((size_t) n * sizeof *d);
	int			groups = 0;

	if (d == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d thumbnails", n);
	for (int i = 0; i < n; i++)
	{
		take_direction(&d[i], &thumbnail[i]);
		group[i] = i;
		/* the root is the first member */
		for (int j = 0; j < i; j++)
			if (is_near(thumbnail, d, i, j))
			{
				int			a = root_of(group, i),
							b = root_of(group, j);

				group[a > b ? a : b] = a > b ? b : a;
			}
		if (progress)
			progress(NULL, (uint64_t) i * (uint64_t) i, (uint64_t) n * (uint64_t) n, "comparing");
	}
	for (int i = 0; i < n; i++)
		group[i] = root_of(group, i);
	/* parents come first, so their numbers are there when they are needed */
	for (int i = 0; i < n; i++)
		group[i] = group[i] == i ? ++groups : group[group[i]];
	free(d);
	return PPDL_OK;
}
