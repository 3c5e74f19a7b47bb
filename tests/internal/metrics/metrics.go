// Package metrics reads the Prometheus text format, of the program under test
// and of kube-apiserver.
package metrics

import (
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Families are the metrics of one scrape, by name.
type Families map[string]*dto.MetricFamily

// Parse reads a scrape.
func Parse(text io.Reader) (Families, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(text)
}

// Sum adds up the series of a counter or gauge whose labels have the given
// values, written name, value, name, value; other labels may say anything.  Of
// a histogram it is the number of observations.
func (f Families) Sum(name string, labels ...string) float64 {
	sum := 0.0
	for _, series := range f[name].GetMetric() {
		if matches(series, labels) {
			sum += series.GetCounter().GetValue() +
				series.GetGauge().GetValue() +
				float64(series.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// Mean returns the mean observation of a histogram's series, 0 for none.
func (f Families) Mean(name string, labels ...string) float64 {
	sum, count := 0.0, 0.0
	for _, series := range f[name].GetMetric() {
		if matches(series, labels) {
			sum += series.GetHistogram().GetSampleSum()
			count += float64(series.GetHistogram().GetSampleCount())
		}
	}
	if count == 0 {
		return 0
	}
	return sum / count
}

func matches(series *dto.Metric, labels []string) bool {
	has := map[string]string{}
	for _, pair := range series.GetLabel() {
		has[pair.GetName()] = pair.GetValue()
	}
	for i := 0; i+1 < len(labels); i += 2 {
		if has[labels[i]] != labels[i+1] {
			return false
		}
	}
	return true
}
