// The reverse proxy between the Functions host and its worker, by itself: Kestrel in front, YARP to a port.
// conformance/README.md says what it is compared with.
using System.Net;
using Yarp.ReverseProxy.Forwarder;

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Error);
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddHttpForwarder();
var app = builder.Build();

// As DefaultHttpProxyService of the host makes it: no cookies, no redirects, no decompression, no system proxy.
var client = new HttpMessageInvoker(new SocketsHttpHandler
{
    UseProxy = false,
    AllowAutoRedirect = false,
    AutomaticDecompression = DecompressionMethods.None,
    UseCookies = false,
    ActivityHeadersPropagator = null,
});
var worker = Environment.GetEnvironmentVariable("WORKER")!;
var options = new ForwarderRequestConfig { ActivityTimeout = TimeSpan.FromSeconds(240) };

app.Map("/{**path}", async (HttpContext context, IHttpForwarder forwarder) =>
{
    context.Request.Headers["x-ms-invocation-id"] = Guid.NewGuid().ToString();
    var error = await forwarder.SendAsync(context, worker, client, options, HttpTransformer.Default);
    if (error != ForwarderError.None) Console.WriteLine($"ERROR {error}");
});

await app.StartAsync();
Console.WriteLine($"READY {app.Urls.First()}");
await app.WaitForShutdownAsync();
