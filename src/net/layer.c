#include "net/layer.h"

#include <stdio.h>
#include <string.h>

#include "net/activation.h"

/*
 * Places that a unit sees, as offsets from the first of them, the same for all units of a layer; none of a dense one.
 */
typedef struct Window
{
	int			places,
				offset[PPDL_MAX_UNITS];
} Window;

static int
window_channels(const PpdlLayer *layer)
{
	return layer->kind == PPDL_LAYER_CONV2D ? layer->in.channels : 1;
}

static void
find_window(Window *win, const PpdlLayer *layer)
{
	win->places = 0;
	for (int c = 0; c < window_channels(layer); c++)
		for (int y = 0; y < layer->kernel; y++)
			for (int x = 0; x < layer->kernel; x++)
				win->offset[win->places++] = (c * layer->in.height + y) * layer->in.width + x;
}

/* filter of a unit, or channel */
static int
channel_of(const PpdlLayer *layer, int u)
{
	return u / (layer->out.height * layer->out.width);
}

/* the first input that a unit sees */
static int
corner_of(const PpdlLayer *layer, int u)
{
	const int	place = u % (layer->out.height * layer->out.width),
				y = place / layer->out.width * layer->stride,
				x = place % layer->out.width * layer->stride,
				channel = layer->kind == PPDL_LAYER_POOL ? channel_of(layer, u) : 0;

	return (channel * layer->in.height + y) * layer->in.width + x;
}

/* what each place of a pool's window counts */
static double
pool_weight(const PpdlLayer *layer)
{
	return 1.0 / (layer->kernel * layer->kernel);
}

int
ppdl_layer_fan_in(const PpdlLayer *layer)
{
	return layer->kind == PPDL_LAYER_DENSE ? layer->inputs : window_channels(layer) * layer->kernel * layer->kernel;
}

int
ppdl_layer_bias_count(const PpdlLayer *layer)
{
	switch (layer->kind)
	{
		case PPDL_LAYER_DENSE:
			return layer->units;
		case PPDL_LAYER_CONV2D:
			return layer->out.channels;
		case PPDL_LAYER_POOL:
			break;
	}
	return 0;
}

int
ppdl_layer_weight_count(const PpdlLayer *layer)
{
	return ppdl_layer_bias_count(layer) * ppdl_layer_fan_in(layer);
}

PpdlStatus
ppdl_layer_set_shape(PpdlLayer *layer, int channels, const char *where, PpdlError *err)
{
	const PpdlShape *in = &layer->in;
	long		units;

	if (layer->kernel > in->height || layer->kernel > in->width)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s: windows of %d x %d are larger than the image of %d x %d", where,
						  layer->kernel, layer->kernel, in->height, in->width);
	layer->out = (PpdlShape)
	{
		channels, (in->height - layer->kernel) / layer->stride + 1, (in->width - layer->kernel) / layer->stride + 1
	};
	units = (long) channels * layer->out.height * layer->out.width;
	if (units > PPDL_MAX_UNITS)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "%s gives %d x %d x %d = %ld units, the most is %d", where, channels,
				   layer->out.height, layer->out.width, units, PPDL_MAX_UNITS);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "A larger stride, or fewer filters, give fewer.");
	}
	layer->inputs = in->channels * in->height * in->width;
	layer->units = (int) units;
	return PPDL_OK;
}

void
ppdl_layer_map(const PpdlLayer *layer, double *w, double *bias)
{
	const size_t inputs = (size_t) layer->inputs,
				units = (size_t) layer->units;
	Window		win;

	if (layer->kind == PPDL_LAYER_DENSE)
	{
		memcpy(w, layer->w, units * inputs * sizeof(double));
		memcpy(bias, layer->bias, units * sizeof(double));
		return;
	}
	find_window(&win, layer);
	memset(w, 0, units * inputs * sizeof(double));
	for (int u = 0; u < layer->units; u++)
	{
		const int	filter = channel_of(layer, u);
		double	   *row = w + (size_t) u * inputs + corner_of(layer, u);

		for (int i = 0; i < win.places; i++)
			row[win.offset[i]] = layer->kind == PPDL_LAYER_POOL ? pool_weight(layer) :
				layer->w[filter * win.places + i];
		bias[u] = layer->kind == PPDL_LAYER_POOL ? 0 : layer->bias[filter];
	}
}

/* ---- forward ---- */

static double
dense_sum(const PpdlLayer *layer, int u, const double *in)
{
	const double *w = layer->w + (size_t) u * layer->inputs;
	double		sum = layer->bias[u];

	for (int i = 0; i < layer->inputs; i++)
		sum += w[i] * in[i];
	return sum;
}

static double
window_sum(const PpdlLayer *layer, const Window *win, int u, const double *in)
{
	const int	filter = channel_of(layer, u);
	const double *corner = in + corner_of(layer, u);
	double		sum = 0;

	if (layer->kind == PPDL_LAYER_POOL)
	{
		for (int i = 0; i < win->places; i++)
			sum += corner[win->offset[i]];
		return sum * pool_weight(layer);
	}
	sum = layer->bias[filter];
	for (int i = 0; i < win->places; i++)
		sum += layer->w[filter * win->places + i] * corner[win->offset[i]];
	return sum;
}

void
ppdl_layer_forward(const PpdlLayer *layer, const double *in, double *z, double *a)
{
	const int	dense = layer->kind == PPDL_LAYER_DENSE;
	Window		win;

	find_window(&win, layer);
	for (int u = 0; u < layer->units; u++)
	{
		double		sum = dense ? dense_sum(layer, u, in) : window_sum(layer, &win, u, in);

		z[u] = sum;
		a[u] = ppdl_activation_value(&layer->act, sum);
	}
}

/* ---- backward ---- */

void
ppdl_layer_backward(const PpdlLayer *layer, const double *delta, double *in)
{
	Window		win;

	memset(in, 0, sizeof(*in) * (size_t) layer->inputs);
	find_window(&win, layer);
	for (int u = 0; u < layer->units; u++)
	{
		if (layer->kind == PPDL_LAYER_DENSE)
		{
			const double *w = layer->w + (size_t) u * layer->inputs;

			for (int i = 0; i < layer->inputs; i++)
				in[i] += w[i] * delta[u];
		}
		else
		{
			const double *w = layer->kind == PPDL_LAYER_POOL ? NULL : layer->w + channel_of(layer, u) * win.places;
			double	   *corner = in + corner_of(layer, u);

			for (int i = 0; i < win.places; i++)
				corner[win.offset[i]] += delta[u] * (w != NULL ? w[i] : pool_weight(layer));
		}
	}
}

void
ppdl_layer_gradient(const PpdlLayer *layer, const double *in, const double *delta, double *w, double *bias)
{
	Window		win;

	if (layer->kind == PPDL_LAYER_POOL)
		return;
	find_window(&win, layer);
	for (int u = 0; u < layer->units; u++)
	{
		const int	filter = layer->kind == PPDL_LAYER_DENSE ? u : channel_of(layer, u);

		if (layer->kind == PPDL_LAYER_DENSE)
			for (int i = 0; i < layer->inputs; i++)
				w[(size_t) u * layer->inputs + i] += delta[u] * in[i];
		else
			for (int i = 0; i < win.places; i++)
				w[filter * win.places + i] += delta[u] * in[corner_of(layer, u) + win.offset[i]];
		if (bias != NULL)
			bias[filter] += delta[u];
	}
}

/* ---- in words ---- */

void
ppdl_layer_describe(const PpdlLayer *layer, char *buf, size_t size)
{
	int			n = 0;

	switch (layer->kind)
	{
		case PPDL_LAYER_DENSE:
			snprintf(buf, size, "%d units", layer->units);
			return;
		case PPDL_LAYER_CONV2D:
			n = snprintf(buf, size, "conv2d, %d filters of %d x %d", layer->out.channels, layer->kernel, layer->kernel);
			break;
		case PPDL_LAYER_POOL:
			n = snprintf(buf, size, "average pool of %d x %d", layer->kernel, layer->kernel);
			break;
	}
	if (n > 0 && (size_t) n < size)
		snprintf(buf + n, size - (size_t) n, ", stride %d: %d x %d x %d units", layer->stride, layer->out.channels,
				 layer->out.height, layer->out.width);
}

void
ppdl_layer_locate(const PpdlLayer *layer, int i, char *buf, size_t size)
{
	const char *row = layer->kind == PPDL_LAYER_CONV2D ? "filter" : "unit";
	const int	n = ppdl_layer_weight_count(layer),
				fan_in = ppdl_layer_fan_in(layer),
				area = layer->kernel * layer->kernel;

	if (i >= n)
		snprintf(buf, size, "bias of %s %d", row, i - n + 1);
	else if (layer->kind == PPDL_LAYER_DENSE)
		snprintf(buf, size, "unit %d, input %d", i / fan_in + 1, i % fan_in + 1);
	else
		snprintf(buf, size, "filter %d, channel %d, row %d, column %d", i / fan_in + 1, i % fan_in / area + 1,
				 i % area / layer->kernel + 1, i % layer->kernel + 1);
}
