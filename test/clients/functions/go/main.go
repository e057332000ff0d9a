// An echo by AWS's own library for Go, and the ways in which a function fails.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type request struct {
	Action string `json:"action"`
}

type contextAnswer struct {
	RequestID    string            `json:"requestId"`
	Arn          string            `json:"arn"`
	DeadlineMs   int64             `json:"deadlineMs"`
	TraceID      string            `json:"traceId"`
	Custom       map[string]string `json:"custom"`
	FunctionName string            `json:"functionName"`
	MemoryMb     int               `json:"memoryMb"`
}

func handle(ctx context.Context, event json.RawMessage) (any, error) {
	var asked request
	if err := json.Unmarshal(event, &asked); err != nil {
		return nil, err
	}
	switch asked.Action {
	case "error":
		return nil, errors.New("as asked")
	case "crash":
		panic("as asked")
	case "exit":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Minute)
	case "context":
		return describe(ctx)
	case "process":
		return describeProcess()
	}
	fmt.Println("echo", lambdacontext.FunctionName)
	return event, nil
}

func describe(ctx context.Context) (*contextAnswer, error) {
	invocation, found := lambdacontext.FromContext(ctx)
	if !found {
		return nil, errors.New("no Lambda context")
	}
	deadline, _ := ctx.Deadline()
	memoryMb, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	return &contextAnswer{
		RequestID:    invocation.AwsRequestID,
		Arn:          invocation.InvokedFunctionArn,
		DeadlineMs:   deadline.UnixMilli(),
		TraceID:      os.Getenv("_X_AMZN_TRACE_ID"),
		Custom:       invocation.ClientContext.Custom,
		FunctionName: lambdacontext.FunctionName,
		MemoryMb:     memoryMb,
	}, err
}

// What a container image decides of a process.
func describeProcess() (map[string]any, error) {
	directory, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	variables := map[string]string{}
	for _, name := range []string{"FROM_IMAGE", "FROM_BOTH", "PATH"} {
		variables[name] = os.Getenv(name)
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	writable := []string{}
	for _, place := range []string{"/", "/function", "/etc", "/tmp"} {
		if os.WriteFile(place+"/written", []byte("x"), 0o600) == nil {
			writable = append(writable, place)
		}
	}
	return map[string]any{
		"arguments": os.Args, "directory": directory, "variables": variables, "root": names, "writable": writable,
	}, nil
}

func main() {
	if filepath.Dir(os.Args[0]) == "/opt/extensions" {
		if err := runExtension(); err != nil {
			panic(err)
		}
		return
	}
	lambda.Start(handle)
}
