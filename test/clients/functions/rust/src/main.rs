//! An echo by AWS's own library for Rust, and the ways in which a function fails.
use lambda_runtime::streaming::{channel, Body};
use lambda_runtime::{run, service_fn, Error, FunctionResponse, LambdaEvent};
use serde_json::{json, Value};
use std::time::Duration;

type Answer = FunctionResponse<Value, Body>;

async fn handle(event: LambdaEvent<Value>) -> Result<Answer, Error> {
    match event.payload["action"].as_str() {
        Some("stream") => Ok(stream(event.payload["fails"] == true)),
        _ => Ok(FunctionResponse::BufferedResponse(answer(event).await?)),
    }
}

/// Two pieces, the second of which may be an error.
fn stream(fails: bool) -> Answer {
    let (mut sender, body) = channel();
    tokio::spawn(async move {
        let _ = sender.send_data("first".into()).await;
        if fails {
            sender.abort();
        } else {
            let _ = sender.send_data("second".into()).await;
        }
    });
    FunctionResponse::StreamingResponse(body.into())
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    match payload["action"].as_str() {
        Some("error") => Err("as asked".into()),
        Some("crash") => panic!("as asked"),
        Some("exit") => std::process::exit(3),
        Some("sleep") => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(Value::Null)
        }
        Some("context") => Ok(json!({
            "requestId": context.request_id,
            "arn": context.invoked_function_arn,
            "deadlineMs": context.deadline,
            "traceId": context.xray_trace_id,
            "custom": context.client_context.map(|client| client.custom),
            "functionName": context.env_config.function_name,
            "memoryMb": context.env_config.memory,
        })),
        _ => {
            println!("echo {}", context.request_id);
            Ok(payload)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}
