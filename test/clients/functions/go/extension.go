package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// Started from /opt/extensions, the program is an extension: it registers, and prints the events that it gets.
func runExtension() error {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2020-01-01/extension/"
	request, err := http.NewRequest(http.MethodPost, base+"register", bytes.NewBufferString(`{"events":["INVOKE","SHUTDOWN"]}`))
	if err != nil {
		return err
	}
	request.Header.Set("Lambda-Extension-Name", filepath.Base(os.Args[0]))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	identifier := response.Header.Get("Lambda-Extension-Identifier")
	for {
		request, err := http.NewRequest(http.MethodGet, base+"event/next", nil)
		if err != nil {
			return err
		}
		request.Header.Set("Lambda-Extension-Identifier", identifier)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		var event struct {
			EventType string `json:"eventType"`
		}
		err = json.NewDecoder(response.Body).Decode(&event)
		response.Body.Close()
		if err != nil {
			return err
		}
		fmt.Println("extension", filepath.Base(os.Args[0]), "got", event.EventType)
		if event.EventType == "SHUTDOWN" {
			return nil
		}
	}
}
