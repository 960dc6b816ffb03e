#include "predict/layer_matrix.h"

#include <stdlib.h>

#include "ckks/schedule.h"

int
ppdl_row_map(const PpdlRowMap *map, int group, int r)
{
	int			stride,
				output,
				pair;

	if (map->outputs == 0)
	{
		int			unit = group * map->slots + r;

		return unit < map->plus->units ? unit : -1;
	}
	stride = ppdl_quadratic_stride(map->outputs);
	output = r % stride;
	pair = group * (map->slots / stride) + r / stride;
	return output < map->outputs && pair < map->pairs ? output * map->pairs + pair : -1;
}

int
ppdl_row_map_groups(const PpdlRowMap *map)
{
	int			places = map->slots;
	int			units = map->plus->units;

	if (map->outputs > 0)
	{
		places /= ppdl_quadratic_stride(map->outputs);
		units = map->pairs;
	}
	return (units + places - 1) / places;
}

void
ppdl_layer_bias(double complex *out, const PpdlRowMap *map, int to)
{
	for (int r = 0; r < map->slots; r++)
	{
		int			u = ppdl_row_map(map, to, r);

		out[r] = 0;
		if (u >= 0)
			out[r] = map->plus->bias[u] + (map->minus != NULL ? map->minus->bias[u] * I : 0);
	}
}

/*
 * Four blocks, and four times the baby steps of any ring at least: then diagonals below the main one (offsets just
 * short of the period) are taken as rotations backwards, which is the same within the period only.
 */
static size_t
layer_period(const PpdlRowMap *map)
{
	return 4 * (size_t) (map->slots > PPDL_ROW_C2S_BLOCK ? map->slots : PPDL_ROW_C2S_BLOCK);
}

/* sets entry (r, c) of every block of `slots` slots */
static PpdlStatus
set_entry(PpdlMatrix *m, int slots, int r, int c, double complex value, PpdlError *err)
{
	double complex *diag;

	if (value == 0)
		return PPDL_OK;
	diag = ppdl_matrix_diag(m, c - r);
	if (diag == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a matrix");
	for (size_t p = r; p < m->period; p += slots)
		diag[p] = value;
	return PPDL_OK;
}

/*
 * Diagonals of zeros for layers that are mostly zero: one at least, so that the layer is a transform at all, and an odd
 * one, as baby and giant steps are multiples of what all offsets have in common and keys are for steps of 1.
 */
static PpdlStatus
unit_stride(PpdlMatrix *m, PpdlError *err)
{
	int			bits = 0;

	for (int i = 0; i < m->count; i++)
		bits |= m->offset[i];
	if ((m->count == 0 && ppdl_matrix_diag(m, 0) == NULL) || (bits != 0 && bits % 2 == 0 &&
															  ppdl_matrix_diag(m, 1) == NULL))
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a matrix");
	return PPDL_OK;
}

static double complex
weight(const PpdlAffine *plus, const PpdlAffine *minus, int u, int i)
{
	size_t		at = (size_t) u * plus->inputs + i;

	return i >= plus->inputs ? 0 : plus->w[at] + (minus != NULL ? minus->w[at] * I : 0);
}

PpdlStatus
ppdl_layer_matrix(PpdlMatrix **out, const PpdlRowMap *map, int to, int from, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_matrix_create(out, layer_period(map), err));
	for (int r = 0; r < map->slots && status == PPDL_OK; r++)
	{
		int			u = ppdl_row_map(map, to, r);

		for (int c = 0; c < map->slots && u >= 0 && status == PPDL_OK; c++)
			status = set_entry(*out, map->slots, r, c, weight(map->plus, map->minus, u, from * map->slots + c), err);
	}
	if (status == PPDL_OK)
		status = unit_stride(*out, err);
	if (status != PPDL_OK)
		ppdl_matrix_destroy(*out);
	return status;
}

/*
 * Slot brv(f) of a row holds x_f + i*x_(f+half).  A real form w on x is Re(sum u_f v_f), u_f = w_f -
 * i*w_(f+half) = (t + conj(t)), t = u*v/2; a complex one p + i*m is t0 + conj(t1), t0 = (u_p + i*u_m)*v/2,
 * t1 = (u_p - i*u_m)*v/2.
 */
static double complex
first_entry(const PpdlRowMap *map, int u, int f, int which)
{
	double complex plus = weight(map->plus, NULL, u, f) - I * weight(map->plus, NULL, u, f + map->half),
				minus;

	if (map->minus == NULL)
		return plus / 2;
	minus = weight(map->minus, NULL, u, f) - I * weight(map->minus, NULL, u, f + map->half);
	return (plus + (which == 0 ? I : -I) * minus) / 2;
}

static PpdlStatus
fill_first(PpdlMatrix *m, const PpdlRowMap *map, int to, int which, PpdlError *err)
{
	int			bits = 0;

	while (1 << bits < map->half)
		bits++;
	for (int r = 0; r < map->slots; r++)
	{
		int			u = ppdl_row_map(map, to, r);

		for (int f = 0; f < map->half && u >= 0; f++)
			PPDL_TRY(set_entry(m, map->slots, r, (int) ppdl_bitrev(f, bits), first_entry(map, u, f, which), err));
	}
	return PPDL_OK;
}

static PpdlStatus
identity(PpdlMatrix **out, PpdlError *err)
{
	double complex *diag;

	PPDL_TRY(ppdl_matrix_create(out, 1, err));
	diag = ppdl_matrix_diag(*out, 0);
	if (diag == NULL)
	{
		ppdl_matrix_destroy(*out);
		*out = NULL;
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a matrix");
	}
	diag[0] = 1;
	return PPDL_OK;
}

PpdlStatus
ppdl_first_matrix(PpdlMatrix **out, const PpdlRowMap *map, int to, int which, PpdlError *err)
{
	PpdlStatus	status;

	*out = NULL;
	if (map == NULL)
		return identity(out, err);
	PPDL_TRY(ppdl_matrix_create(out, layer_period(map), err));
	status = fill_first(*out, map, to, which, err);
	if (status == PPDL_OK)
		status = unit_stride(*out, err);
	if (status != PPDL_OK)
	{
		ppdl_matrix_destroy(*out);
		*out = NULL;
	}
	return status;
}

PpdlStatus
ppdl_first_matrix_c2s(PpdlMatrix **out, const PpdlParams *par, const PpdlRowMap *map, int to, int which, PpdlError *err)
{
	const PpdlC2sLevel *last = &ppdl_row_c2s[PPDL_ROW_C2S_LEVELS - 1];
	PpdlMatrix *layer = NULL,
			   *dft = NULL;
	PpdlStatus	status;

	*out = NULL;
	if (map == NULL)
		return ppdl_matrix_dft(out, par, last->period, last->len, last->stages, 1, err);
	PPDL_GOTO(done, ppdl_matrix_create(&layer, layer_period(map), err));
	PPDL_GOTO(done, fill_first(layer, map, to, which, err));
	PPDL_GOTO(done, ppdl_matrix_dft(&dft, par, layer_period(map), last->len, last->stages, 1, err));
	PPDL_GOTO(done, ppdl_matrix_mul(out, layer, dft, err));
	status = unit_stride(*out, err);
done:
	ppdl_matrix_destroy(layer);
	ppdl_matrix_destroy(dft);
	if (status != PPDL_OK)
	{
		ppdl_matrix_destroy(*out);
		*out = NULL;
	}
	return status;
}
