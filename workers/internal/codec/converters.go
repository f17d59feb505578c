package codec

import (
	"context"
	"errors"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"
)

// Converters convert values and errors to and from the payloads and failures in Temporal.
type Converters struct {
	Data    converter.DataConverter
	Failure converter.FailureConverter
}

// Converters returns the converters for a client. unreadable, which may be nil, gets the error if a workflow or an activity of
// this process receives a payload that it can't decrypt: the worker should stop, as it would fail the work of others.
func (c *Codec) Converters(unreadable func(error)) Converters {
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)
	return Converters{
		Data: &dataConverter{DataConverter: data, unreadable: unreadable},
		Failure: &failureConverter{codec: c, FailureConverter: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
			DataConverter: data, EncodeCommonAttributes: len(c.ids) > 0,
		})},
	}
}

// dataConverter handles payloads that a worker can't decrypt. The SDK would fail workflows and skip signals. A panic fails only
// the workflow's task, which another worker then takes.
type dataConverter struct {
	converter.DataConverter
	unreadable func(error)
	workflow   bool // in a workflow
	worker     bool // in a workflow or an activity
}

var _ workflow.ContextAware = (*dataConverter)(nil)

// WithWorkflowContext is the converter for a workflow.
func (d *dataConverter) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return &dataConverter{d.DataConverter, d.unreadable, true, true}
}

// WithContext is the converter for an activity or a client.
func (d *dataConverter) WithContext(ctx context.Context) converter.DataConverter {
	return &dataConverter{d.DataConverter, d.unreadable, false, activity.IsActivity(ctx)}
}

// FromPayload decrypts and decodes a payload.
func (d *dataConverter) FromPayload(p *common.Payload, v any) error {
	return d.act(d.DataConverter.FromPayload(p, v))
}

// FromPayloads decrypts and decodes payloads.
func (d *dataConverter) FromPayloads(p *common.Payloads, v ...any) error {
	return d.act(d.DataConverter.FromPayloads(p, v...))
}

func (d *dataConverter) act(err error) error {
	var secret *UnreadableError
	if !d.worker || !errors.As(err, &secret) {
		return err
	}
	if d.unreadable != nil {
		d.unreadable(err)
	}
	if d.workflow {
		panic(err)
	}
	return err
}

// failureConverter replaces an error's message that can't be decrypted by the reason.
type failureConverter struct {
	converter.FailureConverter
	codec *Codec
}

// FailureToError decodes an error with its causes.
func (c *failureConverter) FailureToError(f *failure.Failure) error {
	if f == nil {
		return nil
	}
	f = proto.Clone(f).(*failure.Failure)
	for cause := f; cause != nil; cause = cause.GetCause() {
		if cause.GetEncodedAttributes() == nil {
			continue
		}
		if _, err := c.codec.Decode([]*common.Payload{cause.GetEncodedAttributes()}); err != nil {
			cause.EncodedAttributes, cause.Message = nil, err.Error()
		}
	}
	return c.FailureConverter.FailureToError(f)
}
