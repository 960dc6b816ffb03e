/* The model and the training that an encoding suggests. */
#include <math.h>
#include <string.h>

#include "table/features.h"

#include "rows/encoding.h"

#define MOST_UNITS 16
/* a hidden layer of fewer units a class tells classes apart worse than none */
#define UNITS_A_CLASS 2

/*
 * ppdl_train's learning rate is 0.2, its momentum 0.8: gradient descent is stable while the second moments of the
 * scaled inputs, the bias among them, have no eigenvalue above 6.9 (2 (1 + m)/((1 + 2 m) rate)), half of which is
 * left for what the hidden layer adds once it has learned.  No eigenvalue is larger than the most that the squares of
 * a row add up to.
 */
#define MOST_SQUARES 2.5

static int
power_of_two(int n)
{
	int			p = 1;

	while (p < n)
		p *= 2;
	return p;
}

long
ppdl_features_slots(const PpdlFeatures *fs, int units)
{
	const int	bias = fs->map == NULL;	/* one more of each */

	return (long) power_of_two(fs->inputs + bias) * (units > 0 ? power_of_two(units + bias) : 1) *
		power_of_two(fs->outputs ? fs->outputs : 1);
}

int
ppdl_features_suggest_units(const PpdlFeatures *fs, int units)
{
	const int	fewest = fs->outputs > 1 ? UNITS_A_CLASS * fs->outputs : 2,
				bias = fs->map == NULL;

	if (units != 0)
		return units == PPDL_NO_HIDDEN_LAYER ? 0 : units;
	if (ppdl_features_slots(fs, MOST_UNITS) <= PPDL_MAX_SLOTS_A_ROW)
		return MOST_UNITS;
	for (units = MOST_UNITS; units - bias >= fewest; units /= 2)
		if (ppdl_features_slots(fs, units - bias) <= PPDL_MAX_SLOTS_A_ROW)
			return units - bias;
	return 0;
}

/*
 * The most that the squares of a row's inputs can add up to: of a one-hot block one input is 1 and the others 0, "at
 * least" bits and products may all be 1.
 */
static double
most_squares(const PpdlFeatures *fs)
{
	double		sum = 0;

	for (const PpdlFeature *f = fs->feature; f < fs->feature + fs->count; f++)
	{
		const int	all = f->kind == PPDL_FEATURE_AT_LEAST || f->kind == PPDL_FEATURE_PRODUCTS;

		if (f->kind != PPDL_FEATURE_PADDING)
			sum += f->weight * f->weight * (all ? f->inputs : 1);
	}
	return sum;
}

/* two digits, downwards */
static double
two_digits(double v)
{
	double		unit = pow(10, floor(log10(v)) - 1);

	return floor(v / unit) * unit;
}

static int
weights_are_given(const PpdlFeatures *fs)
{
	for (int i = 0; i < fs->count; i++)
		if (fs->feature[i].weight != 1)
			return 1;
	return 0;
}

/* weights that somebody chose are left as they are */
static void
put_scale(const PpdlFeatures *fs, PpdlWriter *w)
{
	const double squares = most_squares(fs);

	if (!weights_are_given(fs) && squares <= MOST_SQUARES)
		return;
	ppdl_write_text(w, ",\"input_scale\":");
	if (!weights_are_given(fs))
	{
		ppdl_put_number(w, two_digits(sqrt(MOST_SQUARES / squares)));
		return;
	}
	for (int i = 0; i < fs->count; i++)
		for (int j = 0; j < fs->feature[i].inputs; j++)
		{
			ppdl_write_text(w, i + j ? "," : "[");
			ppdl_put_number(w, fs->feature[i].weight);
		}
	ppdl_write_text(w, "]");
}

int
ppdl_features_need_map(const PpdlFeatures *fs)
{
	return fs->map == NULL && !weights_are_given(fs) && most_squares(fs) > MOST_SQUARES;
}

static void
put_encoding(const PpdlFeatures *fs, PpdlWriter *w)
{
	char		encoding[PPDL_ENCODING_SIZE];

	if (fs->encoding == 0)
		return;
	ppdl_encoding_print(encoding, fs->encoding);
	ppdl_write_text(w, ",\"encoding\":\"");
	ppdl_write_text(w, encoding);
	ppdl_write_text(w, "\"");
}

PpdlStatus
ppdl_features_model_spec(const PpdlFeatures *fs, int units, PpdlWriter *w, PpdlError *err)
{
	char		text[160];

	units = ppdl_features_suggest_units(fs, units);
	snprintf(text, sizeof text, "{\"inputs\":%d", fs->inputs);
	ppdl_write_text(w, text);
	put_encoding(fs, w);
	if (fs->map)
	{
		ppdl_write_text(w, ",\"input_scale\":");
		ppdl_put_number(w, fs->map->clip);
		ppdl_write_text(w, ",\"bias\":false");
	}
	else
		put_scale(fs, w);
	ppdl_write_text(w, ",\"layers\":[");
	if (units > 0)
	{
		snprintf(text, sizeof text, "{\"units\":%d,\"activation\":\"quadratic\"},", units);
		ppdl_write_text(w, text);
	}
	snprintf(text, sizeof text, "{\"units\":%d,\"activation\":\"identity\"}]}", fs->outputs ? fs->outputs : 1);
	ppdl_write_text(w, text);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

/*
 * Outputs share the hidden layer: with several of them it learns faster.  Without one nothing is random to begin with,
 * and (1 + m)^2 (1 - rate) >= 4 m keeps the offset, which learns fastest, from swinging beyond 1.
 */
PpdlStatus
ppdl_features_train_options(const PpdlFeatures *fs, int units, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_text(w, "{\"steps\":15,\"batch\":256,\"learning_rate\":");
	if (ppdl_features_suggest_units(fs, units) == 0)
		ppdl_write_text(w, "0.3,\"momentum\":0.25,\"init_scale\":0}");
	else
		ppdl_write_text(w, fs->outputs > 1 ? "0.2,\"momentum\":0.7}" : "0.2,\"momentum\":0.8}");
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
